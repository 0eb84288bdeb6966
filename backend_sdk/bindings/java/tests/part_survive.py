# SPDX-License-Identifier: Apache-2.0
"""Three Tomcats behind our proxy: carts survive kill -9, a drain and a restart, under load."""

import signal
import threading

from load import Crowd
from stage import Client, Proxies, Tomcats, wait_for

NAMES = ["t1", "t2", "t3"]


def run(stage, table):
    tomcats = Tomcats(stage, NAMES)
    tomcats.start(*NAMES)
    tomcats.wait_protected(*NAMES)
    proxy = Proxies(stage, tomcats).understudy()
    warm_up(proxy)
    table.check("kill -9 of a Tomcat under load", lambda: kill(stage, tomcats, proxy))
    table.check("it comes back and is protected", lambda: back(tomcats, "t1"))
    table.check("SIGTERM of a Tomcat under load: it drains", lambda: drain(stage, tomcats, proxy))
    table.check("two at once in one session: both are counted", lambda: at_once(proxy))


def warm_up(proxy):
    crowd = Crowd(proxy, 6)
    crowd.start()
    wait_for("the pages are compiled", lambda: crowd.count() > 300)
    crowd.stop()


def at_work(crowd, more=200):
    reached = crowd.count() + more
    wait_for(f"{more} additions more; failures: {crowd.failures()[:5]}",
             lambda: crowd.count() > reached)


def kill(stage, tomcats, proxy):
    crowd = Crowd(proxy, 8)
    crowd.start()
    at_work(crowd)
    served = [each for each in crowd.customers if each.member == "t1"]
    assert served, "t1 serves no session"
    stage.kill("t1")
    at_work(crowd, 400)
    wait_for("its customers are elsewhere", lambda: all(each.member != "t1" for each in served))
    crowd.stop()
    return f"{crowd.expect_exact()}; {len(served)} sessions were at t1"


def back(tomcats, name):
    log = tomcats.stage.path(name + ".log")
    open(log, "w", encoding="utf-8").close()
    tomcats.start(name)
    tomcats.wait_protected(name)


def drain(stage, tomcats, proxy):
    crowd = Crowd(proxy, 8)
    crowd.start()
    at_work(crowd)
    stage.kill("t2", signal.SIGTERM)
    at_work(crowd)
    crowd.stop()
    assert "drained, and left" in stage.log("t2"), stage.log("t2")[-2000:]
    return crowd.expect_exact()


def at_once(proxy):
    first = Client(proxy)
    first.post("/cart", add="tea")
    clients = [Client(proxy) for _ in range(4)]
    failures = []

    def add(client):
        client.cookies = dict(first.cookies)
        for _ in range(25):
            answer = client.post("/cart", add="tea")
            if answer.status != 200:
                failures.append(answer.text)

    threads = [threading.Thread(target=add, args=(client,)) for client in clients]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failures, failures[:3]
    assert '"count":101' in first.get("/cart").text, first.get("/cart").text
