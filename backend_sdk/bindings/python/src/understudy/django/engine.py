# SPDX-License-Identifier: Apache-2.0
"""SESSION_ENGINE: Django's SessionStore over the session of the request. login() gives it a new id,
logout() ends it. Values are in SESSION_SERIALIZER's form, JSON by default; pickle is refused."""
from __future__ import annotations

from typing import Any, Dict, Optional

from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.core.exceptions import ImproperlyConfigured

from understudy._attributes import Attributes
from understudy.session import Session


class SessionStore(SessionBase):
    """Made by SessionMiddleware, which gives it the handle; without one it is empty and cannot be
    saved."""

    def __init__(self, session_key: Optional[str] = None, handle: Optional[Session] = None) -> None:
        self.handle = handle
        self._is_over = False
        super().__init__(handle.id if handle is not None and not handle.is_new else session_key)
        if "Pickle" in self.serializer.__name__:
            raise ImproperlyConfigured("understudy keeps no pickles: SESSION_SERIALIZER is "
                                       + self.serializer.__name__)
        if handle is not None:
            serializer = self.serializer()
            self._attributes = Attributes(handle, serializer.loads, serializer.dumps)

    def load(self) -> Dict[str, Any]:
        if self.handle is None:
            return {}
        return self._attributes.load()

    def exists(self, session_key: str) -> bool:
        return self.handle is not None and session_key == self.handle.id

    def create(self) -> None:
        """The handle exists already, and so does its id."""
        if self.handle is None:
            raise CreateError
        self._session_key = self.handle.id
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        if self.handle is None:
            raise UpdateError
        values = self._get_session(no_load=must_create)
        if self._is_over:
            self._attributes.begin_anew(values)
        else:
            self._attributes.save(values)
        self._session_key = None if self._is_over else self.handle.id

    def delete(self, session_key: Optional[str] = None) -> None:
        if self.handle is not None and session_key in (None, self.handle.id):
            self._is_over = True

    def cycle_key(self) -> None:
        """login()."""
        if self.handle is None:
            raise UpdateError
        self._get_session()
        self.handle.rotate_id()
        self._session_key = self.handle.id
        self.modified = True

    def flush(self) -> None:
        """logout(), and login() as another user: what is written from now on is of another
        session, with another id."""
        self.clear()
        self.delete()
        self._session_key = None

    def store_response(self, response: Any) -> None:
        """Kept with the session: when the request comes again, this is its answer, and the view
        does not run."""
        if self.handle is None:
            raise UpdateError
        self.save()
        self.handle.store_response(response.status_code, list(response.items()), response.content)

    @classmethod
    def clear_expired(cls) -> None:
        """The members do that (SessionTimeout)."""
