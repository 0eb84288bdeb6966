# SPDX-License-Identifier: Apache-2.0
"""Customers that put pieces into their carts, one after the other, and count those acknowledged."""

import http.client
import json
import threading
import time

from stage import Client


class Customer(threading.Thread):
    """One session. An addition is acknowledged when its answer came whole with 200."""

    def __init__(self, port, stop, pace=0.0):
        super().__init__(daemon=True)
        self.client = Client(port)
        self.stop_asked = stop
        self.pace = pace
        self.acknowledged = 0
        self.failures = []
        self.wrong = []
        self.member = None
        self.count = None
        self.end = ""
        self.latencies = []

    def run(self):
        while not self.stop_asked.is_set():
            self.add()
            if self.pace:
                time.sleep(self.pace)

    def add(self):
        begin = time.perf_counter()
        try:
            answer = self.client.post("/cart", add="tea")
        except (OSError, http.client.HTTPException) as broken:
            self.failures.append(repr(broken))
            return
        self.latencies.append(time.perf_counter() - begin)
        if answer.status != 200:
            self.failures.append(f"{answer.status} {answer.text.strip()[:100]}")
            return
        self.acknowledged += 1
        cart = json.loads(answer.text)
        self.member = cart["member"]
        if cart["count"] != self.acknowledged + len(self.failures) and not self.failures:
            self.wrong.append(f"{cart['count']} of {self.acknowledged}")

    def settle(self):
        """What is in the cart in the end: asked once, until it is answered."""
        end = time.monotonic() + 60
        self.count = None
        while self.count is None and time.monotonic() < end:
            try:
                answer = self.client.get("/cart")
            except (OSError, http.client.HTTPException) as broken:
                self.end = repr(broken)
                continue
            if answer.status == 200:
                self.count = json.loads(answer.text)["count"]
            else:
                self.end = f"{answer.status} {answer.text.strip()[:100]}"
                time.sleep(0.25)

    @property
    def lost(self):
        """Acknowledged additions that are not in the cart."""
        return max(0, self.acknowledged - (self.count or 0))

    @property
    def doubled(self):
        """Pieces in the cart that no request can account for."""
        return max(0, (self.count or 0) - self.acknowledged - len(self.failures))

    def story(self):
        return (f"{self.acknowledged} acknowledged, {self.count} in the cart, last answer {self.end}, "
                f"failures {self.failures[:5]}, wrong {self.wrong[:3]}, member {self.member}")


class Crowd:
    """Customers at once."""

    def __init__(self, port, size, pace=0.0):
        self.stop_asked = threading.Event()
        self.customers = [Customer(port, self.stop_asked, pace) for _ in range(size)]

    def start(self):
        for each in self.customers:
            each.start()

    def stop(self):
        self.stop_asked.set()
        for each in self.customers:
            each.join(timeout=90)
        for each in self.customers:
            each.settle()

    def stories(self):
        """Of those with whom something went wrong."""
        return [each.story() for each in self.customers
                if each.failures or each.lost or each.doubled or each.wrong]

    def count(self):
        return sum(each.acknowledged for each in self.customers)

    def failures(self):
        return [failure for each in self.customers for failure in each.failures]

    def note(self):
        return (f"{self.count()} additions, {len(self.failures())} failed, "
                f"{sum(each.lost for each in self.customers)} lost, "
                f"{sum(each.doubled for each in self.customers)} doubled")

    def expect_exact(self):
        """0 failed, 0 lost, 0 doubled."""
        note = self.note()
        stories = "; ".join(self.stories())
        assert not stories, f"{note}: {stories}"
        return note
