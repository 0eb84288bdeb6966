# SPDX-License-Identifier: Apache-2.0
"""The contract application on understudy.flask."""
import flask
import handlers

import understudy
from understudy.flask import Understudy

app = flask.Flask(__name__)
Understudy(app, exclusive=lambda environ: environ["PATH_INFO"] in handlers.EXCLUSIVE)
session = flask.session


def field(name):
    return flask.request.args.get(name, "")


def count_answer(count, is_replayed):
    return flask.jsonify(session=session.sid, count=count, replayed=is_replayed,
                         member=understudy.node().member_name)


@app.post("/count")
def count():
    is_replayed = session.handle.is_replayed
    session["count"] = session.get("count", 0) + (0 if is_replayed else 1)
    session.store_response(count_answer(session["count"], True))
    return count_answer(session["count"], is_replayed)


@app.get("/value")
def value():
    return count_answer(session.get("count", 0), False)


@app.post("/set")
def set_attribute():
    session[field("name")] = flask.request.get_data()
    return "", 204


@app.get("/get")
def get_attribute():
    if field("name") not in session:
        return "", 404
    return flask.Response(session[field("name")], content_type=handlers.BYTES)


@app.post("/remove")
def remove():
    session.pop(field("name"), None)
    return "", 204


@app.post("/login")
def login():
    if not session.handle.is_replayed:
        session.rotate_id()
    session["user"] = field("user")
    return {"session": session.sid, "user": session["user"]}


@app.get("/whoami")
def who_am_i():
    return {"user": session.get("user")}


@app.post("/logout")
def logout():
    session.invalidate()
    return "", 204


@app.post("/append")
def append():
    session["log"] = session.get("log", "") + field("text")
    return session["log"]


@app.post("/size")
def size():
    session["big"] = "x" * int(field("bytes"))
    return "", 204


@app.get("/throw")
def throw():
    session["thrown"] = "1"
    raise ZeroDivisionError("the view of /throw raises")


@app.get("/slow")
def slow():
    return handlers.slow(session, field, b"")[2]


@app.post("/fork")
def fork():
    return handlers.fork(session, field, b"")[2]


def about_member(environ, start_response):
    about = handlers.about_member(environ["PATH_INFO"])
    if about is None:
        return with_sessions(environ, start_response)
    status, content_type, body = about
    start_response(f"{status} Status", [("Content-Type", content_type),
                                        ("Content-Length", str(len(body)))])
    return [body]


with_sessions, app.wsgi_app = app.wsgi_app, about_member
