# SPDX-License-Identifier: Apache-2.0
"""A balancer that knows nothing of sessions: each connection goes to the next member that accepts
one, and its bytes to and fro. And clients behind it, that count while members die: a request whose
answer did not come may have happened or not, and no other thing may."""
import socket
import threading

from suite.site import wait_until

CLIENTS = 6


def pipe(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass
    for end, how in ((source, socket.SHUT_RD), (sink, socket.SHUT_WR)):
        try:
            end.shutdown(how)
        except OSError:
            pass


class Balancer:
    def __init__(self, ports):
        self._ports = list(ports)
        self._turn = 0
        self._listener = socket.create_server(('127.0.0.1', 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._turn += 1
            threading.Thread(target=self._serve, args=(client, self._turn), daemon=True).start()

    def _serve(self, client, turn):
        with client:
            for number in range(len(self._ports)):
                port = self._ports[(turn + number) % len(self._ports)]
                try:
                    member = socket.create_connection(('127.0.0.1', port))
                except OSError:
                    continue
                with member:
                    back = threading.Thread(target=pipe, args=(member, client), daemon=True)
                    back.start()
                    pipe(client, member)
                    back.join()
                return


class Counting:
    """Clients that count, each in a session of its own; a failed request is made again."""

    def __init__(self, browsers):
        self.faults = []
        self.failed = 0
        self._is_over = threading.Event()
        self._browsers = browsers
        self._least = [0] * len(browsers)  # that a client was told
        self._most = [0] * len(browsers)   # and what may have happened since
        self.answered = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._click, args=(number,), daemon=True)
                         for number in range(len(browsers))]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _click(self, number):
        while not self._is_over.is_set() and not self.faults:
            self._most[number] += 1
            try:
                count = self._browsers[number].count()['count']
            except (OSError, AssertionError, ValueError):
                with self._lock:
                    self.failed += 1
                self._is_over.wait(0.02)
                continue
            self._check(number, self._least[number] + 1, count)
            self._least[number] = self._most[number] = count
            with self._lock:
                self.answered += 1

    def _check(self, number, least, count):
        if not least <= count <= self._most[number]:
            self.faults.append(f'client {number} is told {count}, which is not '
                               f'{least} to {self._most[number]}')

    def wait_for(self, answers):
        wait_until(lambda: self.answered >= answers or self.faults, f'{answers} answers')

    def check(self):
        for number, browser in enumerate(self._browsers):
            count = browser.expect(200, 'GET', '/value').json()['count']
            self._check(number, self._least[number], count)
        assert not self.faults, '; '.join(self.faults)
