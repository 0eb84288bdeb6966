# SPDX-License-Identifier: Apache-2.0
"""Middleware for any WSGI application: environ["understudy.session"] is the request's Session.

    application = understudy.wsgi.Middleware(application)

The response leaves when the session's copy is safe: at the first chunk of the body. From there on
the session is over. An exception, or a response with status 500, commits nothing.
"""
from __future__ import annotations

import select
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple
from urllib.parse import quote

from . import _http
from ._node import Node, Request
from ._node import node as node_of_process
from .reply import Headers, Reply
from .session import Session

Environ = Dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
SESSION = "understudy.session"


def changes_something(environ: Environ) -> bool:
    """The default of `exclusive`: POST, PUT, PATCH and DELETE of one session run one at a time, so
    that what a handler reads and writes again is not overtaken."""
    return environ["REQUEST_METHOD"] not in _http.SAFE_METHODS


def session_of(environ: Environ) -> Session:
    """The request's session."""
    session: Optional[Session] = environ.get(SESSION)
    if session is None:
        raise RuntimeError("the request did not come through understudy.wsgi.Middleware")
    return session


def target_of(environ: Environ) -> str:
    """As it stood on the request line, where the server says so."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw and raw.startswith("/"):
        return str(raw)
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    target = quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~") or "/"
    query = environ.get("QUERY_STRING", "")
    return f"{target}?{query}" if query else target


def headers_of(environ: Environ) -> Headers:
    return [(name[5:].replace("_", "-"), value) for name, value in environ.items()
            if name.startswith("HTTP_")]


def is_proxy_gone(environ: Environ) -> bool:
    """A request that had to wait may have been sent elsewhere meanwhile: the proxy closes the
    connection before it does that. Known where the server shows its socket (gunicorn)."""
    connection = environ.get("gunicorn.socket")
    if connection is None or "HTTP_UNDERSTUDY_REQUEST_ID" not in environ:
        return False
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


class Middleware:
    """`node`: None for the one of this process (understudy.open_node), found at each request, so
    that the application may be loaded before the fork. `exclusive`: tells of an environ whether
    its request runs alone in its session."""

    def __init__(self, application: Application, node: Optional[Node] = None,
                 exclusive: Callable[[Environ], bool] = changes_something) -> None:
        self.application = application
        self._node = node
        self._exclusive = exclusive

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        node = self._node or node_of_process()
        target = target_of(environ)
        if target.startswith(_http.RESERVED) and not environ.get("wsgi.multithread", False):
            target = _http.without_wait(target)
        request = Request(environ["REQUEST_METHOD"], target, headers_of(environ),
                          is_tls=environ.get("wsgi.url_scheme") == "https",
                          is_exclusive=self._exclusive(environ))
        begun = node.begin(request)
        if isinstance(begun, Reply):
            return _send(begun, environ, start_response)
        if is_proxy_gone(environ):
            begun.drop()
            return _send(Reply(503, [], b"The proxy has gone before the request could begin.\n"),
                         environ, start_response)
        environ[SESSION] = begun
        response = _Response(begun, node, request, environ, start_response)
        try:
            chunks = self.application(environ, response.start)
        except BaseException:
            begun.drop()
            raise
        return response.of(chunks)


def _send(reply: Reply, environ: Environ, start_response: StartResponse) -> List[bytes]:
    headers = [*reply.headers, ("Content-Length", str(len(reply.body)))]
    start_response(f"{reply.status} {_http.reason(reply.status)}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply.body]


class _Response:
    """The application's, held back until the gate is open."""

    def __init__(self, session: Session, node: Node, request: Request, environ: Environ,
                 start_response: StartResponse) -> None:
        self._session = session
        self._node = node
        self._request = request
        self._environ = environ
        self._start_response = start_response
        self._head: Optional[Tuple[str, Headers]] = None
        self._write: Optional[Callable[[bytes], object]] = None
        self._instead: Optional[List[bytes]] = None
        self._is_open = False

    def start(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        """start_response() as the application sees it."""
        if exc_info:
            try:
                if self._is_open:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._head is not None:
            raise AssertionError("start_response() was called before, and without exc_info")
        self._head = (status, list(headers))
        return self._legacy_write

    def _legacy_write(self, chunk: bytes) -> None:
        if not self._is_open:
            self._open()
        if self._instead is None and self._write is not None:
            self._write(chunk)

    def _open(self) -> None:
        """Commits, waits for the copy, and begins the answer: this one or the reply's."""
        self._is_open = True
        if self._head is None:
            raise AssertionError("the application has not called start_response()")
        status, headers = self._head
        if not self._session.is_open:
            headers += self._node.headers_for(self._request)
        elif int(status[:3]) == _http.FAILED:
            self._session.drop()
            headers += self._node.headers_for(self._request)
        else:
            reply = self._session.finish()
            if not reply.is_own_response:
                self._instead = _send(reply, self._environ, self._start_response)
                return
            headers += reply.headers
        self._write = self._start_response(status, headers)

    def of(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        if not isinstance(chunks, (list, tuple)) or self._head is None:
            return self._stream(chunks)
        # All of it is here: the server sees its length.
        try:
            if not self._is_open:
                self._open()
        finally:
            self._session.drop()
        return chunks if self._instead is None else self._instead

    def _stream(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for chunk in chunks:
                if not chunk:
                    continue
                if not self._is_open:
                    self._open()
                if self._instead is not None:
                    break
                yield chunk
            if not self._is_open:
                self._open()
            if self._instead is not None:
                yield from self._instead
        finally:
            self._session.drop()
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
