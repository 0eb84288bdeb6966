# SPDX-License-Identifier: Apache-2.0
"""begin() and finish() for asyncio: they never block the loop, and the node's thread never waits
for the interpreter."""
from __future__ import annotations

import asyncio
import ctypes
import itertools
from typing import Dict, Optional, Tuple, Union

from . import _library
from .errors import ClosedError, check
from ._node import Node, Request
from .reply import Reply, take
from .session import Session

Result = Union[Session, Reply]
_TAKEN_AT_ONCE = 64


class AsyncNode:
    """A node as one event loop uses it; made on that loop's thread, and closed there."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._lib = _library.library()
        self._loop = asyncio.get_running_loop()
        self._tokens = itertools.count(1)
        self._waiting: Dict[int, "asyncio.Future[Tuple[Optional[int], Optional[int]]]"] = {}
        self._taken = (_library.Completion * _TAKEN_AT_ONCE)()
        queue, fd = ctypes.c_void_p(), ctypes.c_int(-1)
        check(self._lib.completions_open(ctypes.byref(queue), ctypes.byref(fd)))
        self._queue: Optional[int] = queue.value
        self._fd = fd.value
        self._loop.add_reader(self._fd, self._on_readable)

    def _on_readable(self) -> None:
        count = self._lib.completions_take(self._queue, self._taken, _TAKEN_AT_ONCE)
        for completion in self._taken[:count]:
            future = self._waiting.pop(completion.token, None)
            if future is not None and not future.done():
                future.set_result((completion.session, completion.reply))
                continue
            # Its task was cancelled: nothing of the request happens.
            self._lib.session_drop(completion.session)
            self._lib.reply_free(completion.reply)

    def _expect(self) -> "Tuple[int, asyncio.Future[Tuple[Optional[int], Optional[int]]]]":
        if self._queue is None:
            raise ClosedError("the node's event loop was closed before")
        token = next(self._tokens)
        self._waiting[token] = self._loop.create_future()
        return token, self._waiting[token]

    async def begin(self, request: Request) -> Result:
        """As Node.begin()."""
        token, future = self._expect()
        code = self._lib.begin_into(self.node._its(), ctypes.byref(request.raw), self._queue, token)
        if code:
            del self._waiting[token]
            check(code)
        session, reply = await future
        return Session(session) if session else take(reply or 0)

    async def finish(self, session: Session) -> Reply:
        """As Session.finish(). Cancelled, it commits all the same."""
        token, future = self._expect()
        code = self._lib.finish_into(session._release(), self._queue, token)
        if code:
            del self._waiting[token]
            check(code)
        _, reply = await future
        return take(reply or 0)

    async def drain(self) -> None:
        await self._loop.run_in_executor(None, self.node.drain)

    def close(self) -> None:
        """The node stays open. What is awaited is cancelled."""
        queue, self._queue = self._queue, None
        if queue is None:
            return
        self._loop.remove_reader(self._fd)
        self._lib.completions_free(queue)
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()
