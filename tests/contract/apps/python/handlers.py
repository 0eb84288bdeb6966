# SPDX-License-Identifier: Apache-2.0
"""What the contract application answers, of understudy.Session alone: for WSGI and for ASGI.
tests/contract/README.md."""
import json
import os
import sys
import time
import urllib.parse

import understudy

EXCLUSIVE = ("/count", "/append")
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


def to_json(value):
    return json.dumps(value).encode()


def count_answer(session, count, is_replayed):
    return to_json({"session": session.id, "count": count,
                    "member": understudy.node().member_name, "replayed": is_replayed})


def count(session, field, body):
    now = int(session.get("count", b"0")) + (0 if session.is_replayed else 1)
    session["count"] = str(now).encode()
    session.store_response(200, [("Content-Type", JSON)], count_answer(session, now, True))
    return 200, JSON, count_answer(session, now, session.is_replayed)


def value(session, field, body):
    return 200, JSON, count_answer(session, int(session.get("count", b"0")), False)


def set_attribute(session, field, body):
    session[field("name")] = body
    return 204, None, b""


def get_attribute(session, field, body):
    kept = session.get(field("name"))
    return (404, None, b"") if kept is None else (200, BYTES, kept)


def remove(session, field, body):
    session.pop(field("name"), None)
    return 204, None, b""


def login(session, field, body):
    if not session.is_replayed:
        session.rotate_id()
    session["user"] = field("user").encode()
    return 200, JSON, to_json({"session": session.id, "user": field("user")})


def who_am_i(session, field, body):
    user = session.get("user")
    return 200, JSON, to_json({"user": user and user.decode()})


def logout(session, field, body):
    session.invalidate()
    return 204, None, b""


def append(session, field, body):
    session["log"] = session.get("log", b"") + field("text").encode()
    return 200, TEXT, session["log"]


def size(session, field, body):
    session["big"] = b"x" * int(field("bytes"))
    return 204, None, b""


def throw(session, field, body):
    session["thrown"] = b"1"
    raise ZeroDivisionError("the handler of /throw raises")


def slow(session, field, body):
    time.sleep(int(field("ms")) / 1000)
    return 200, TEXT, b"slow\n"


def fork(session, field, body):
    child = os.fork()
    if child == 0:
        try:
            understudy.Node.begin(understudy.node(), understudy.Request("GET", "/"))
        except understudy.ForkedError:
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return (200, TEXT, b"forked") if status == 0 else (500, TEXT, b"the child had a node")


HANDLERS = {"/count": count, "/value": value, "/set": set_attribute, "/get": get_attribute,
            "/remove": remove, "/login": login, "/whoami": who_am_i, "/logout": logout,
            "/append": append, "/size": size, "/throw": throw, "/slow": slow, "/fork": fork}


def handle(path, query, session, body):
    """(status, content type, body)"""
    fields = urllib.parse.parse_qs(query, keep_blank_values=True)
    handler = HANDLERS.get(path)
    if handler is None:
        return 404, None, b""
    return handler(session, lambda name: fields.get(name, [""])[0], body)


def about_member(path):
    """(status, content type, body), or None: the path has a session."""
    if path == "/ready":
        readiness = understudy.node().readiness
        is_protected = readiness is understudy.Readiness.PROTECTED
        return 200 if is_protected else 503, TEXT, str(readiness).encode()
    if path == "/statistics":
        return 200, JSON, to_json(understudy.node().statistics())
    return None


def config_path():
    if len(sys.argv) != 2:
        sys.exit("usage: start CONFIG")
    return sys.argv[1]
