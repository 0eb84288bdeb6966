# SPDX-License-Identifier: Apache-2.0
"""What a servlet may expect of its session, with the Manager and behind the proxy."""

import re

from stage import Client, Proxies, Tomcats, wait_for


def equal(found, expected):
    assert found == expected, f"{found!r}, expected {expected!r}"


def run(stage, table):
    tomcats = Tomcats(stage, ["t1", "t2"], 'responseBuffer="65536"')
    tomcats.start("t1", "t2")
    tomcats.wait_protected("t1", "t2")
    proxy = Proxies(stage, tomcats).understudy()
    servlet_cases(proxy, table)
    table.check(
        "listeners of sessions, attributes and ids are told",
        lambda: listeners(Client(proxy), lambda: heard(tomcats)))
    table.check("a form's login is kept by the cluster", lambda: form_login(proxy, tomcats, stage))
    table.check("a value whose class the filter refuses is not taken", lambda: filtered(stage))


def servlet_cases(proxy, table):
    """The same for the Manager and for the Filter."""
    for what, case in CASES.items():
        table.check(what, lambda case=case: case(Client(proxy)))


def text_of(client):
    return client.get("/probe?do=all").text


def attributes(client):
    equal(text_of(client), "no session")
    client.get("/probe?do=set&name=a&value=1")
    client.get("/probe?do=set&name=b&value=2")
    equal(text_of(client), "a=1;b=2;")
    client.get("/probe?do=remove&name=a")
    equal(text_of(client), "b=2;")


def heard(tomcats):
    return "".join(Client(port).get("/probe?do=heard").text for port in tomcats.http.values())


def listeners(client, take):
    take()
    client.get("/probe?do=set&name=text&value=1")
    client.get("/probe?do=set&name=text&value=2")
    client.post("/login", user="ann")
    client.get("/probe?do=remove&name=user")
    client.post("/logout")
    equal(take(),
          "created added:text replaced:text=1 added:user id:true removed:user "
          "destroyed:2 removed:text")


def listening_values(client):
    client.get("/probe?do=set&name=a&value=1")
    client.get("/probe?do=heard")
    client.get("/probe?do=connect")
    equal(client.get("/probe?do=heard").text, "bound added:connection passivate")
    client.get("/probe?do=look")
    heard = client.get("/probe?do=heard").text
    assert heard.startswith("activate"), heard
    client.get("/probe?do=remove&name=connection")
    heard = client.get("/probe?do=heard").text
    equal(heard, "activate unbound removed:connection")


def login_changes_the_id(client):
    before = client.post("/cart", add="tea").text
    old = dict(client.cookies)
    equal(client.post("/login", user="ann").status, 302)
    after = client.get("/cart").text
    assert '"user":"ann"' in after and '"items":{"tea":1}' in after, after
    assert before.split('"')[3] != after.split('"')[3], "the id is the same"
    assert old != client.cookies, "the cookie is the same"


def logout_ends_it(client):
    client.post("/cart", add="tea")
    old = dict(client.cookies)
    client.post("/logout")
    equal(client.cookies, {})
    client.cookies = old
    assert '"items":{}' in client.get("/cart").text


def renewed_in_one_request(client):
    client.get("/probe?do=set&name=text&value=1")
    equal(client.get("/probe?do=renew").text, "true")
    equal(text_of(client), "renewed=yes;")


def thrown(client):
    client.get("/probe?do=set&name=text&value=before")
    answer = client.get("/probe?do=throw&value=after")
    equal(answer.status, 500)
    assert "never seen" not in answer.text
    equal(text_of(client), "text=before;")


def error_pages(client):
    answer = client.get("/probe?do=error&value=kept")
    equal((answer.status, answer.text.strip()), (404, "sorry 404"))
    equal(text_of(client), "text=kept;")


def refused_values(client):
    client.get("/probe?do=set&name=text&value=before")
    equal(client.get("/probe?do=unserializable").status, 500)
    answer = client.get("/probe?do=nested&value=after")
    equal(answer.status, 500)
    assert "session attribute 'list' cannot be serialized" in answer.text, answer.text
    equal(text_of(client), "text=before;")


def too_large(client):
    client.get("/probe?do=set&name=text&value=before")
    answer = client.post("/probe?do=set&name=text", value="x" * 1_900_000)
    equal(answer.status, 200)
    answer = client.post("/probe?do=set&name=more", value="x" * 1_900_000)
    equal(answer.status, 200)
    answer = client.post("/probe?do=set&name=most", value="x" * 1_900_000)
    equal(answer.status, 500)
    assert "MaxSessionBytes" in answer.text, answer.text


def held_back(client):
    answer = client.get("/probe?do=large&value=60000")
    assert answer.text.endswith("changed"), answer.text[-40:]
    equal(answer.headers["Content-Length"], str(len(answer.text)))
    equal(text_of(client), "text=after;")


def overflow(client):
    answer = client.get("/probe?do=large&value=300000")
    assert answer.text.endswith("committed before"), answer.text[-40:]
    assert len(answer.text) > 300000
    equal(text_of(client), "text=before;")


def flushed(client):
    equal(client.get("/probe?do=flush&value=1").text, "first 1")
    equal(text_of(client), "text=1;")


def asynchronous(client):
    equal(client.get("/probe?do=async&value=1").text, "asynchronous")
    equal(text_of(client), "text=1;")
    equal(client.get("/probe?do=dispatch&value=2").text, "dispatched")
    equal(text_of(client), "text=2;")


def forwarded(client):
    equal(client.get("/probe?do=forward&value=1").text, "text=1;")
    equal(text_of(client), "text=1;")


def head(client):
    client.post("/cart", add="tea")
    answer = client.ask("HEAD", "/cart")
    equal((answer.status, answer.text), (200, ""))
    assert int(answer.headers["Content-Length"]) > 10


def pages(client):
    assert "0 pieces" in client.get("/").text
    client.post("/cart", add="tea")
    assert "1 pieces" in client.get("/").text
    client.post("/todo/index.jsp", add="write <tests>")
    assert "write &lt;tests>" in client.post("/todo/index.jsp", add="rest").text


def requested_id(client):
    equal(client.get("/probe?do=who").text, "null null false - /x")
    client.get("/probe?do=set&name=text&value=1")
    words = client.get("/probe?do=who").text.split()
    equal(words[1:], [words[3], "true", words[3], "/x"])
    client.cookies["JSESSIONID"] = "1.made.up"
    equal(client.get("/probe?do=who").text, "null 1.made.up false - /x")


def interval(client):
    client.get("/probe?do=set&name=text&value=1")
    client.get("/probe?do=interval&value=600")
    equal(text_of(client), "text=1;")
    client.get("/probe?do=heard")
    client.get("/probe?do=interval&value=0")
    equal(text_of(client), "text=1;")


def form_login(proxy, tomcats, stage):
    """Tomcat's own authenticator: its notes, its new id and its principal are the session's."""
    client = Client(proxy)
    equal(client.get("/account.jsp").text.strip(), "log in")
    before = client.cookies["JSESSIONID"]
    answer = client.post("/j_security_check", j_username="ann", j_password="secret")
    equal((answer.status, answer.headers["Location"]), (303, "/account.jsp"))
    assert client.cookies["JSESSIONID"].split(".")[1] != before.split(".")[1], "the id is the same"
    equal(client.get("/account.jsp").text.strip(), "account of ann")
    member = re.search(r'"member":"(\w+)"', client.get("/cart").text).group(1)
    stage.kill(member)
    equal(client.get("/account.jsp").text.strip(), "account of ann")
    tomcats.start(member)


CASES = {
    "attributes are set, listed and removed": attributes,
    "values that listen are told when they are bound, activated and passivated": listening_values,
    "login: the id and the cookie change, the cart stays": login_changes_the_id,
    "logout: the old cookie is worth nothing": logout_ends_it,
    "invalidate() and getSession() in one request: a new id, nothing else": renewed_in_one_request,
    "a servlet that throws: 500, and nothing is committed": thrown,
    "an error page: sent, and what was set before sendError() is kept": error_pages,
    "a value that cannot be serialized: 500 that names it, nothing is committed": refused_values,
    "a session above MaxSessionBytes: 500 that says so": too_large,
    "a response that fits is held back, with its length": held_back,
    "one that does not: committed before its first byte, then read-only": overflow,
    "flushBuffer() commits first": flushed,
    "asynchronous requests and dispatches commit when they complete": asynchronous,
    "forward() goes on with the session": forwarded,
    "HEAD has the length and no body": head,
    "JSPs: the shop's page and the to-do list": pages,
    "the requested id is the cookie's, and no URL carries one": requested_id,
    "setMaxInactiveInterval() is kept": interval,
}


def filtered(stage):
    tomcats = Tomcats(
        stage, ["f1"],
        'sessionAttributeValueClassNameFilter="java[.]lang[.](String|Integer|Number)"')
    tomcats.start("f1")
    wait_for("f1 has joined", lambda: "is JOINED" in stage.log("f1"))
    client = Client(tomcats.http["f1"])
    equal(client.get("/probe?do=set&name=text&value=1").status, 200)
    equal(client.get("/probe?do=connect").status, 500)
    equal(text_of(client), "text=1;")
