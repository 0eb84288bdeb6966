# SPDX-License-Identifier: Apache-2.0
"""A framework's dictionary as attributes: each key one, so that only what has changed is copied,
and two requests that change different keys lose nothing. Changes are found by comparing texts, so
that one inside of a list is found too."""
from __future__ import annotations

from typing import Any, Callable, Dict, Mapping

from .session import Session

Loads = Callable[[bytes], Any]
Dumps = Callable[[Any], bytes]


class Attributes:
    def __init__(self, session: Session, loads: Loads, dumps: Dumps) -> None:
        self._session = session
        self._loads = loads
        self._dumps = dumps
        self._raw: Dict[str, bytes] = {}

    def load(self) -> Dict[str, Any]:
        """What can be read. Attributes of other programs, in other forms, stay as they are."""
        values = {}
        for name, raw in self._session.items():
            try:
                values[name] = self._loads(raw)
            except ValueError:
                continue
            self._raw[name] = raw
        return values

    def save(self, values: Mapping[str, Any]) -> None:
        for name in self._raw.keys() - values.keys():
            if name in self._session:
                del self._session[name]
            del self._raw[name]
        for name, value in values.items():
            raw = self._dumps(value)
            if raw == self._raw.get(name) or self._is_same(name, raw):
                continue
            self._session[name] = raw
            self._raw[name] = raw

    def begin_anew(self, values: Mapping[str, Any]) -> None:
        """The session is over. What has been written since then is the next one's."""
        if not values:
            self._session.invalidate()
            return
        for name in [name for name in self._session if name not in values]:
            del self._session[name]
        self._raw.clear()
        self.save(values)
        self._session.rotate_id()

    def _is_same(self, name: str, raw: bytes) -> bool:
        """What another program has written with other blanks."""
        known = self._raw.get(name)
        return known is not None and self._dumps(self._loads(known)) == raw
