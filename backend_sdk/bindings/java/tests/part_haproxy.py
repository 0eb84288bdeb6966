# SPDX-License-Identifier: Apache-2.0
"""The same shop behind plain HAProxy: sticky by the session's cookie, and without stickiness."""

import collections
import time

from load import Crowd
from stage import Client, Proxies, Tomcats, wait_for

NAMES = ["t1", "t2", "t3"]

# Fields 3 and 4 of the cookie name the session's primary and its secondary. HAProxy learns which
# server a name is from the cookies that servers write, and asks the secondary when the primary is
# down. A request that is sent again has the same id, so that it counts once. What clients say under
# our names is dropped.
STICKY = """  balance roundrobin
  option redispatch
  option http-buffer-request
  retries 5
  retry-on conn-failure empty-response response-timeout 503
  http-request del-header Understudy- -m beg
  http-request set-header Understudy-Request-Id %[uuid(),regsub(-,,g),bytes(0,16)]
  http-response del-header Understudy- -m beg
  stick-table type string len 8 size 10k expire 1h
  stick match req.cook(JSESSIONID),field(3,.)
  stick match req.cook(JSESSIONID),field(4,.)
  stick store-response res.cook(JSESSIONID),field(3,.)"""
CHECKED = "check inter 200ms fall 2 rise 2 observe layer4 on-error mark-down error-limit 1"

LOOSE = """  balance roundrobin
  http-request del-header Understudy- -m beg
  http-response del-header Understudy- -m beg"""


def run(stage, table):
    tomcats = Tomcats(stage, NAMES)
    tomcats.start(*NAMES)
    tomcats.wait_protected(*NAMES)
    proxies = Proxies(stage, tomcats)
    sticky = proxies.haproxy("sticky", STICKY, CHECKED)
    loose = proxies.haproxy("loose", LOOSE)
    wait_for("the pages are compiled", lambda: all(
        Client(port).get("/cart").status == 200 for port in tomcats.http.values()))
    # Each server has written a cookie, so the table has a line for each.
    wait_for("HAProxy knows each server's name", lambda: learned(sticky) == set(NAMES))
    table.check("sticky by the cookie: each session stays at its primary", lambda: stays(sticky))
    table.check(
        "kill -9 under load: carts survive", lambda: kill(stage, sticky))
    table.check(
        "without stickiness a third server says 421 with the route", lambda: without(loose))


def learned(port):
    return {Client(port).post("/cart", add="tea").text.split('"member":"')[1][:2]
            for _ in range(12)}


def stays(port):
    crowd = Crowd(port, 6)
    crowd.start()
    wait_for("additions", lambda: crowd.count() > 600)
    crowd.stop()
    return crowd.expect_exact()


def kill(stage, port):
    crowd = Crowd(port, 8)
    crowd.start()
    wait_for("additions", lambda: crowd.count() > 300)
    served = [each for each in crowd.customers if each.member == "t1"]
    assert served, "t1 serves no session"
    stage.kill("t1")
    # Until the cluster knows of the death a secondary waits and then serves; requests that HAProxy
    # has given up meanwhile are failures, and no acknowledged addition is lost.
    wait_for("its customers are elsewhere", lambda: all(each.member != "t1" for each in served))
    reached = crowd.count()
    wait_for("additions", lambda: crowd.count() > reached + 300)
    crowd.stop()
    note = crowd.note()
    assert ", 0 lost, 0 doubled" in note, note + str(crowd.failures()[:5])
    kinds = collections.Counter(failure[:40] for failure in crowd.failures())
    return f"{note}; {len(served)} sessions were at t1; failures: {dict(kinds)}"


def without(port):
    """What HAProxy does with a session whose primary it does not know."""
    client = Client(port)
    wait_for("a session", lambda: client.post("/cart", add="tea").status == 200)
    statuses = collections.Counter()
    end = time.monotonic() + 20
    while time.monotonic() < end and sum(statuses.values()) < 30:
        statuses[client.get("/cart").status] += 1
    assert set(statuses) <= {200, 421, 503}, statuses
    assert statuses[421] > 0, statuses
    return f"of {sum(statuses.values())} requests: {dict(statuses)}"
