# SPDX-License-Identifier: Apache-2.0
"""Session: one request's view of its session, with its changes."""
from __future__ import annotations

import ctypes
from typing import Dict, ItemsView, Iterable, Iterator, MutableMapping, Optional, Tuple

from . import _library
from .errors import ClosedError, check
from .reply import Note, Reply, take


def _name(name: str) -> _library.TextIn:
    return _library.text(name.encode("utf-8", "surrogateescape"))


class Session(MutableMapping[str, bytes]):
    """Attributes: names to bytes. They are committed together by finish(), or not at all.

    One thread's at a time. When it is over (finished, dropped, collected) each call raises
    ClosedError, but for drop(). As a context manager it is dropped at the end, unless it was
    finished: so a handler that raises has changed nothing.
    """

    __slots__ = ("_lib", "_handle")

    def __init__(self, handle: int) -> None:
        self._lib = _library.library()
        self._handle: Optional[int] = handle

    def _its(self) -> int:
        if self._handle is None:
            raise ClosedError("the session was finished or dropped before")
        return self._handle

    def _release(self) -> int:
        """The handle, which is the caller's from now on."""
        handle = self._its()
        self._handle = None
        return handle

    @property
    def is_open(self) -> bool:
        return self._handle is not None

    # --- attributes

    def __getitem__(self, name: str) -> bytes:
        value = _library.TextOut()
        if not self._lib.session_get(self._its(), _name(name), ctypes.byref(value)):
            raise KeyError(name)
        return value.bytes()

    def __setitem__(self, name: str, value: bytes) -> None:
        if not isinstance(value, bytes):
            raise TypeError(f"an attribute is bytes, not {type(value).__name__}")
        self._change(self._lib.session_set(self._its(), _name(name), _library.text(value)))

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._change(self._lib.session_remove(self._its(), _name(name)))

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return bool(self._lib.session_get(self._its(), _name(name),
                                          ctypes.byref(_library.TextOut())))

    def _all(self) -> Dict[str, bytes]:
        kept: Dict[str, bytes] = {}

        def visit(_: object, name: _library.TextOut, value: _library.TextOut) -> None:
            kept[name.bytes().decode("utf-8", "surrogateescape")] = value.bytes()
        check(self._lib.session_visit(self._its(), _library.VISIT(visit), None))
        return kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def items(self) -> ItemsView[str, bytes]:
        """Of now: the view does not follow later changes."""
        return self._all().items()

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return True  # an empty session is a session

    def __repr__(self) -> str:
        if not self.is_open:
            return "<understudy.Session, closed>"
        return f"<understudy.Session of {len(self)} attributes>"  # its id is a secret

    # --- the session itself

    @property
    def id(self) -> str:
        """22 characters; the client's secret: do not log it whole."""
        room = ctypes.create_string_buffer(_library.ID_BYTES)
        self._lib.session_id(self._its(), room, _library.ID_BYTES)
        return room.value.decode("ascii")

    @property
    def is_new(self) -> bool:
        return bool(self._lib.session_is_new(self._its()))

    @property
    def is_replayed(self) -> bool:
        """This very request has run before: repeat its answer; changes have no effect."""
        return bool(self._lib.session_is_replayed(self._its()))

    @property
    def note(self) -> Note:
        return Note(self._lib.session_note(self._its()))

    @property
    def epoch(self) -> int:
        """The fencing token: it rises whenever the session changes its place."""
        return int(self._lib.session_epoch(self._its()))

    @property
    def version(self) -> int:
        """Commits so far."""
        return int(self._lib.session_version(self._its()))

    @property
    def refusal(self) -> str:
        """Why a change was refused; empty when none was."""
        return str(self._lib.session_refusal(self._its()).bytes().decode("utf-8", "replace"))

    def _change(self, code: int) -> None:
        if code:
            check(code, self.refusal)

    def rotate_id(self) -> None:
        """The same content under a new id: after login."""
        self._change(self._lib.session_rotate_id(self._its()))

    def invalidate(self) -> None:
        """Logout: the id is never served again."""
        self._change(self._lib.session_invalidate(self._its()))

    def store_response(self, status: int, headers: Iterable[Tuple[str, str]], body: bytes) -> None:
        """Kept with the session: when the request comes again, this is its answer, and the handler
        does not run."""
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._change(self._lib.session_store_response(
            self._its(), status, _library.headers_of(pairs), len(pairs), _library.text(body)))

    # --- its end

    def finish(self) -> Reply:
        """Commits, and waits until a second member holds what was read and written. Blocks: call
        it on a thread that may wait, or use understudy.aio."""
        out = ctypes.c_void_p()
        check(self._lib.finish(self._release(), ctypes.byref(out)))
        return take(out.value or 0)

    def drop(self) -> None:
        """Nothing is committed. Does nothing when the session is over."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._lib.session_drop(handle)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *unused: object) -> None:
        self.drop()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.drop()
