# SPDX-License-Identifier: Apache-2.0
"""What a request costs its client, by door: a read and a replicated write, one after the other on
one connection, to the primary itself and through the proxy."""
import http.client
import time

ROUNDS = 20
REQUESTS = 50  # of each kind in a round
KINDS = (('GET', '/value'), ('POST', '/count'))


class _Connection:
    def __init__(self, browser):
        self._cookie = f'{browser.cookie_name}={browser.cookie}'
        self._http = http.client.HTTPConnection('127.0.0.1', browser.port, timeout=30)

    def seconds(self, method, target):
        headers = {'Cookie': self._cookie}
        begin = time.perf_counter()
        self._http.request(method, target, body=b'' if method == 'POST' else None, headers=headers)
        answer = self._http.getresponse()
        answer.read()
        took = time.perf_counter() - begin
        assert answer.status == 200, f'{method} {target}: {answer.status}'
        return took


def measure(site):
    """[(where, method, p50 of the quietest round, p50, p99)], in milliseconds. On a machine that
    others use as well, only the first is of the door."""
    site.heal()
    browser = site.browser()
    member = browser.count()['member']
    rows = []
    for where, port in (('direct', site.members[member].http), ('proxy', site.proxy_port)):
        connection = _Connection(browser.clone(port))
        rounds = {method: [] for method, _ in KINDS}
        for _ in range(ROUNDS):
            taken = {method: [] for method, _ in KINDS}
            for _ in range(REQUESTS):
                for method, target in KINDS:
                    taken[method].append(connection.seconds(method, target) * 1000)
            for method, times in taken.items():
                rounds[method].append(sorted(times))
        for method, batches in rounds.items():
            times = sorted(sum(batches, []))
            rows.append((where, method, min(batch[REQUESTS // 2] for batch in batches),
                         times[len(times) // 2], times[len(times) * 99 // 100]))
    return rows
