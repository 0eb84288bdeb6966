# SPDX-License-Identifier: Apache-2.0
"""gunicorn: each worker is a member. In gunicorn.conf.py

    from understudy.gunicorn import Members
    members = Members("a.conf", "b.conf", "c.conf")
    workers, bind = members.workers, members.bind
    post_fork, post_worker_init = members.post_fork, members.post_worker_init
    worker_exit = members.worker_exit

A worker takes the first configuration that no living worker has, listens on its Listen, and opens
its node. A proxy sends a session's requests to the one member that holds it: so each worker needs
an address of its own, where gunicorn's workers otherwise share one.
"""
from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from typing import Any, Optional

from gunicorn.sock import TCPSocket

from .errors import Error
from ._node import Node, listen_of, node, open_node


_GRACE_SECONDS = 10.0


class Members:
    """The hooks. `bind` is an address that no proxy is told of: gunicorn wants one."""

    bind = "127.0.0.1:0"

    def __init__(self, *configs: str) -> None:
        if not configs:
            raise ValueError("each worker needs a configuration of its own")
        self._configs = [os.path.abspath(config) for config in configs]
        self._config: Optional[str] = None
        self._claim = -1
        self._is_draining = False

    @property
    def workers(self) -> int:
        return len(self._configs)

    def _wait_for_config(self, worker: Any) -> str:
        """After SIGHUP new workers are there before the old ones have drained and gone."""
        end = time.monotonic() + worker.cfg.graceful_timeout + _GRACE_SECONDS
        while True:
            config = self._take_config()
            if config is not None:
                return config
            if time.monotonic() > end:
                raise RuntimeError(f"more workers than configurations, which are {self.workers}")
            worker.notify()
            time.sleep(0.1)

    def _take_config(self) -> Optional[str]:
        """One that no living worker has. The lock goes with the process, however it ends."""
        for config in self._configs:
            fd = os.open(config, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(fd)
                continue
            self._claim = fd
            return config
        return None

    def post_fork(self, server: Any, worker: Any) -> None:
        self._config = self._wait_for_config(worker)
        worker.sockets = [TCPSocket(listen_of(self._config), worker.cfg, worker.log)]

    def post_worker_init(self, worker: Any) -> None:
        """The application is loaded, and requests are served from now on."""
        if self._config is None:
            raise RuntimeError("post_fork is not among the hooks of gunicorn.conf.py")
        its = open_node(self._config)
        worker.log.info("member %s at %s", its.member_name, its.listen)
        stop = signal.getsignal(signal.SIGTERM)

        def on_term(number: int, frame: Any) -> None:
            if self._is_draining or not callable(stop):
                if callable(stop):
                    stop(number, frame)
                return
            self._is_draining = True
            threading.Thread(target=self._drain, args=(its,), daemon=True).start()

        if callable(stop):
            signal.signal(signal.SIGTERM, on_term)

    @staticmethod
    def _drain(its: Node) -> None:
        """While requests go on being answered; then the worker stops."""
        if its.is_open:
            its.drain()
        os.kill(os.getpid(), signal.SIGTERM)

    def worker_exit(self, server: Any, worker: Any) -> None:
        try:
            its = node()
        except Error:  # it was closed, by understudy.asgi, or never opened
            return
        if not self._is_draining:
            its.drain()
        its.close()
