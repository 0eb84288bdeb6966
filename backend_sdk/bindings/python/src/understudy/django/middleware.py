# SPDX-License-Identifier: Apache-2.0
"""SessionMiddleware: in place of Django's own. It begins each request with the node of this process
and finishes it when the response is made. One with status 500 commits nothing, as there."""
from __future__ import annotations

import threading
from importlib import import_module
from typing import Any, Callable, Optional

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from understudy import _http, wsgi
from understudy.errors import ClosedError, ForkedError
from understudy._node import Node, Request, node, open_node
from understudy.reply import Reply

_opening = threading.Lock()


def _node() -> Node:
    try:
        return node()
    except (ClosedError, ForkedError):
        config = getattr(settings, "UNDERSTUDY_CONFIG", None)
        if config is None:
            raise
    with _opening:
        try:
            return node()
        except (ClosedError, ForkedError):
            return open_node(config)


def _response_of(reply: Reply) -> HttpResponse:
    response = HttpResponse(reply.body, status=reply.status)
    del response["Content-Type"]
    _add(response, reply.headers)
    return response


def _add(response: HttpResponseBase, headers: Any) -> None:
    for name, value in headers:
        if name.lower() == "set-cookie":
            response.cookies.load(value)  # beside those of the application
        else:
            response[name] = value


class SessionMiddleware(MiddlewareMixin):
    """UNDERSTUDY_EXCLUSIVE: tells of a request whether it runs alone in its session; without it
    POST, PUT, PATCH and DELETE do."""

    def __init__(self, get_response: Callable[..., Any]) -> None:
        super().__init__(get_response)
        self._store = import_module(settings.SESSION_ENGINE).SessionStore
        self._exclusive = getattr(settings, "UNDERSTUDY_EXCLUSIVE", None)

    def process_request(self, request: Any) -> Optional[HttpResponse]:
        environ = request.META
        # Under ASGI there is no environ, and META's path is text already.
        target = wsgi.target_of(environ) if hasattr(request, "environ") else request.get_full_path()
        if target.startswith(_http.RESERVED) and not environ.get("wsgi.multithread", True):
            target = _http.without_wait(target)
        is_exclusive = (self._exclusive(request) if self._exclusive is not None
                        else request.method not in _http.SAFE_METHODS)
        asked = Request(request.method, target, list(request.headers.items()),
                        is_tls=request.is_secure(), is_exclusive=is_exclusive)
        its = _node()
        begun = its.begin(asked)
        if isinstance(begun, Reply):
            return _response_of(begun)
        request._understudy = (its, asked)
        request.session = self._store(handle=begun)
        return None

    def process_response(self, request: Any, response: HttpResponseBase) -> HttpResponseBase:
        its, asked = getattr(request, "_understudy", (None, None))
        if its is None:
            return response
        session = request.session
        with session.handle as handle:
            if response.status_code == _http.FAILED:
                handle.drop()
                _add(response, its.headers_for(asked))
                return response
            if session.accessed:
                session.save()
                patch_vary_headers(response, ("Cookie",))
            reply = handle.finish()
        if not reply.is_own_response:
            return _response_of(reply)
        _add(response, reply.headers)
        return response
