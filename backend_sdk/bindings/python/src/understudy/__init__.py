# SPDX-License-Identifier: Apache-2.0
"""HTTP sessions that survive the death of their server.

A Node makes this process a member of a cluster. Each request is begun with it and finished with it;
in between the handler has a Session, whose changes are at a second member before the response
leaves. What most programs use is one of

    understudy.wsgi.Middleware      any WSGI application
    understudy.asgi.Middleware      any ASGI application
    understudy.flask.Understudy     Flask: flask.session
    understudy.django               Django: request.session
    understudy.gunicorn             each worker a member
"""
from .errors import (AddressError, ArgumentError, ClosedError, ConfigurationError, Error,
                     ForkedError, KeyFileError, NotReadyError, RefusedError)
from ._node import Node, Readiness, Request, node, open_node
from .reply import Note, Reply
from .session import Session

__version__ = "0.1.0"
__all__ = ["AddressError", "ArgumentError", "ClosedError", "ConfigurationError", "Error",
           "ForkedError", "KeyFileError", "Node", "Note", "NotReadyError", "Readiness",
           "RefusedError", "Reply", "Request", "Session", "node", "open_node"]
