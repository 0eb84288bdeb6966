# SPDX-License-Identifier: Apache-2.0
"""Middleware for any ASGI application: scope["understudy.session"] is the request's Session.

    application = understudy.asgi.Middleware(application, "a.conf")

The node is opened when the server starts (lifespan), so in each worker, and drained when it stops.
The response leaves when the session's copy is safe: at its head. From there on the session is
over. An exception, or a response with status 500, commits nothing. The loop is never blocked.
"""
from __future__ import annotations

from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple
from urllib.parse import quote

from . import _http
from ._node import Node, PathLike, Request, open_node
from ._node import node as node_of_process
from .aio import AsyncNode
from .errors import ClosedError, Error, ForkedError
from .reply import Headers, Reply
from .session import Session

Scope = Dict[str, Any]
Message = Dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
SESSION = "understudy.session"


def changes_something(scope: Scope) -> bool:
    """The default of `exclusive`: POST, PUT, PATCH and DELETE of one session run one at a time."""
    return scope["method"] not in _http.SAFE_METHODS


def target_of(scope: Scope) -> str:
    target: str
    raw = scope.get("raw_path")
    if raw:
        target = raw.decode("latin-1").split("?")[0]
    else:
        target = quote(scope["path"], safe="/:@!$&'()*+,;=~")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{target}?{query}" if query else target


def _lines(headers: Headers) -> List[Tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


class Middleware:
    """`config`: opens the node of this process at the lifespan's start, and drains and closes it
    at its end. Without it: the node that understudy.open_node() has opened; it stays open."""

    def __init__(self, application: Application, config: Optional[PathLike] = None,
                 exclusive: Callable[[Scope], bool] = changes_something) -> None:
        self.application = application
        self._config = config
        self._exclusive = exclusive
        self._its: Optional[AsyncNode] = None

    def _node(self) -> AsyncNode:
        """Of this process and its loop. Also for servers without lifespan."""
        if self._its is None or self._its.node.is_forked or not self._its.node.is_open:
            self._its = AsyncNode(self._process_node())
        return self._its

    def _process_node(self) -> Node:
        if self._config is None:
            return node_of_process()
        try:
            return node_of_process()
        except (ClosedError, ForkedError):
            return open_node(self._config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        node = self._node()
        request = Request(scope["method"], target_of(scope),
                          [(name.decode("latin-1"), value.decode("latin-1"))
                           for name, value in scope["headers"]],
                          is_tls=scope.get("scheme") == "https",
                          is_exclusive=self._exclusive(scope))
        begun = await node.begin(request)
        if isinstance(begun, Reply):
            await _send_reply(begun, scope, send)
            return
        response = _Response(begun, node, request, scope, send)
        with begun:
            await self.application({**scope, SESSION: begun}, receive, response.send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's own lifespan, if it has one, within ours."""

        first = [await receive()]
        try:
            self._node()
        except Error as failure:
            await send({"type": "lifespan.startup.failed", "message": str(failure)})
            return
        sent = set()

        async def receive_again() -> Message:
            return first.pop() if first else await receive()

        async def send_after_draining(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                await self._stop()
            sent.add(message["type"])
            await send(message)

        try:
            await self.application(scope, receive_again, send_after_draining)
        except Exception:  # as the protocol has it, an application without a lifespan raises
            if sent:
                raise
        if sent:
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _stop(self) -> None:
        node, self._its = self._its, None
        if node is None:
            return
        if self._config is not None and node.node.is_open:
            await node.drain()
        node.close()
        if self._config is not None:
            node.node.close()


async def _send_reply(reply: Reply, scope: Scope, send: Send) -> None:
    headers = [*_lines(reply.headers), (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else reply.body
    await send({"type": "http.response.body", "body": body})


class _Response:
    """send() as the application sees it: the head waits for the gate."""

    def __init__(self, session: Session, node: AsyncNode, request: Request, scope: Scope,
                 send: Send) -> None:
        self._session = session
        self._node = node
        self._request = request
        self._scope = scope
        self._send = send
        self._is_replaced = False

    async def send(self, message: Message) -> None:
        if self._is_replaced:
            return
        if message["type"] != "http.response.start":
            await self._send(message)
            return
        if not self._session.is_open or message["status"] == _http.FAILED:
            self._session.drop()
            added = self._node.node.headers_for(self._request)
        else:
            reply = await self._node.finish(self._session)
            if not reply.is_own_response:
                self._is_replaced = True
                await _send_reply(reply, self._scope, self._send)
                return
            added = reply.headers
        headers = [*message.get("headers", ()), *_lines(added)]
        await self._send({**message, "headers": headers})
