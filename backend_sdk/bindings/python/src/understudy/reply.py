# SPDX-License-Identifier: Apache-2.0
"""Reply: what the SDK says about a response."""
from __future__ import annotations

import ctypes
import dataclasses
import enum
from typing import List, Tuple

from . import _library

Headers = List[Tuple[str, str]]


class Note(enum.IntEnum):
    """What the client's session has been through."""

    NONE = 0
    SOLO = 1  # no other member holds a copy at the moment
    LOST = 2  # the client's session is gone; this is a new one
    RECOVERED = 3  # served without the last proof that it is the newest


@dataclasses.dataclass(frozen=True)
class Reply:
    """status 0: the application's own response is sent, with these headers added. Otherwise this
    whole reply is sent in its place: 421, 503, 500, or an answer of before."""

    status: int
    headers: Headers
    body: bytes = b""
    note: Note = Note.NONE

    @property
    def is_own_response(self) -> bool:
        return self.status == 0


def take(handle: int) -> Reply:
    """Copies what the library's reply holds, and frees it."""
    lib = _library.library()
    try:
        headers: Headers = []
        header = _library.HeaderOut()
        while lib.reply_header(handle, len(headers), ctypes.byref(header)):
            headers.append((header.name.bytes().decode("latin-1"),
                            header.value.bytes().decode("latin-1")))
        return Reply(lib.reply_status(handle), headers, lib.reply_body(handle).bytes(),
                     Note(lib.reply_note(handle)))
    finally:
        lib.reply_free(handle)
