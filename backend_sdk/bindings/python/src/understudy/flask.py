# SPDX-License-Identifier: Apache-2.0
"""Flask: flask.session lives in the cluster.

    app = Flask(__name__)
    Understudy(app)

After a login flask.session.rotate_id(), at a logout flask.session.invalidate(). What a session can
hold is what Flask's own can: JSON with tuples, bytes, dates. There is no pickle.
"""
from __future__ import annotations

from typing import Any, Callable, Optional

import flask
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SessionInterface, SessionMixin

from . import wsgi
from ._attributes import Attributes
from ._http import FAILED
from ._node import Node
from .session import Session

_serializer = TaggedJSONSerializer()


def _dumps(value: Any) -> bytes:
    return _serializer.dumps(value).encode()


def _loads(raw: bytes) -> Any:
    return _serializer.loads(raw.decode())


class FlaskSession(dict, SessionMixin):  # type: ignore[type-arg]
    """flask.session. A change inside of a value is found without `modified`."""

    def __init__(self, handle: Session) -> None:
        self.handle = handle
        self.attributes = Attributes(handle, _loads, _dumps)
        super().__init__(self.attributes.load())
        self.new = handle.is_new
        self._is_over = False

    @property
    def sid(self) -> str:
        return self.handle.id

    def rotate_id(self) -> None:
        """The same content under a new id: after login."""
        self.handle.rotate_id()

    def invalidate(self) -> None:
        """Logout. What this request still writes begins another session."""
        self.clear()
        self._is_over = True

    def save(self) -> None:
        if self._is_over:
            self.attributes.begin_anew(self)
        else:
            self.attributes.save(self)

    def store_response(self, response: flask.Response) -> None:
        """Kept with the session: when the request comes again, this is its answer, and the view
        does not run."""
        self.save()
        self.handle.store_response(response.status_code, list(response.headers.items()),
                                   response.get_data())


class UnderstudySessionInterface(SessionInterface):
    """Between flask.session and the session of understudy.wsgi.Middleware."""

    def open_session(self, app: flask.Flask, request: flask.Request) -> Optional[FlaskSession]:
        handle = request.environ.get(wsgi.SESSION)
        return FlaskSession(handle) if handle is not None else None

    def save_session(self, app: flask.Flask, session: Any, response: flask.Response) -> None:
        if response.status_code == FAILED or not session.handle.is_open:
            return
        session.save()
        response.vary.add("Cookie")


class Understudy:
    """The extension. `node` and `exclusive` as in understudy.wsgi.Middleware."""

    def __init__(self, app: Optional[flask.Flask] = None, node: Optional[Node] = None,
                 exclusive: Callable[[wsgi.Environ], bool] = wsgi.changes_something) -> None:
        self._node = node
        self._exclusive = exclusive
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        app.extensions["understudy"] = self
        app.session_interface = UnderstudySessionInterface()
        app.wsgi_app = wsgi.Middleware(  # type: ignore[assignment]
            app.wsgi_app, self._node, self._exclusive)
