# SPDX-License-Identifier: Apache-2.0
"""Clients that count, each in a session of its own, one request after the other, until told to
stop. Each answer must be the last one plus one: nothing lost, nothing twice."""
import threading
import time

from suite.site import wait_until

CLIENTS = 8


class Load:
    def __init__(self, site, clients=CLIENTS):
        self.site = site
        self.faults = []
        self.longest = 0.0
        self._is_over = threading.Event()
        self._counts = [0] * clients
        self._browsers = [site.browser() for _ in range(clients)]
        self._threads = [threading.Thread(target=self._click, args=(number,), daemon=True)
                         for number in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    @property
    def answered(self):
        return sum(self._counts)

    def _click(self, number):
        browser = self._browsers[number]
        while not self._is_over.is_set() and not self.faults:
            begin = time.monotonic()
            try:
                said = browser.count()
            except (OSError, AssertionError, ValueError) as failure:
                self.faults.append(f'client {number}: {failure}')
                return
            self.longest = max(self.longest, time.monotonic() - begin)
            self._counts[number] += 1
            if said['count'] != self._counts[number]:
                self.faults.append(f'client {number} has {self._counts[number]} answers and is '
                                   f'told {said}')

    def wait_for(self, answers):
        wait_until(lambda: self.answered >= answers or self.faults, f'{answers} answers')

    def check(self):
        """No request has failed, and each session holds what its client was told."""
        assert not self.faults, '; '.join(self.faults)
        for number, browser in enumerate(self._browsers):
            count = browser.expect(200, 'GET', '/value').json()['count']
            assert count == self._counts[number], \
                f'client {number} was told {self._counts[number]} and now {count}'
