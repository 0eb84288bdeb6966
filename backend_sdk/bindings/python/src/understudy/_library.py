# SPDX-License-Identifier: Apache-2.0
"""libunderstudy.so as ctypes sees it: understudy.h in Python, and nothing more.

Calls release the interpreter's lock. No callback of Python is ever called by the node's thread: it
would have to wait for that lock, and its beats and copies with it.
"""
from __future__ import annotations

import ctypes
import ctypes.util
import functools
import os
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_size_t, c_uint32, c_uint64,
                    c_void_p)
from typing import Any, Sequence, Tuple

ABI_VERSION = 4
MESSAGE_BYTES = 4096
ID_BYTES = 23


class TextIn(Structure):
    """Bytes that the library reads; the structure keeps them alive."""

    _fields_ = [("data", c_char_p), ("size", c_size_t)]


class TextOut(Structure):
    """Bytes of the library's."""

    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def bytes(self) -> bytes:
        return ctypes.string_at(self.data, self.size) if self.size else b""


class HeaderIn(Structure):
    _fields_ = [("name", TextIn), ("value", TextIn)]


class HeaderOut(Structure):
    _fields_ = [("name", TextOut), ("value", TextOut)]


class Request(Structure):
    _fields_ = [("struct_size", c_size_t), ("method", TextIn), ("target", TextIn),
                ("headers", POINTER(HeaderIn)), ("header_count", c_size_t),
                ("is_tls", c_int), ("is_exclusive", c_int)]


class Completion(Structure):
    _fields_ = [("token", c_uint64), ("session", c_void_p), ("reply", c_void_p)]


STATISTICS = (
    "requests", "commits", "replays", "sessions_created", "sessions_promoted", "sessions_lost",
    "sessions_recovered", "sessions_expired", "solo_responses", "rerouted", "unavailable",
    "fenced", "conflicts", "lives", "sessions_primary", "sessions_solo", "sessions_secondary",
    "replica_bytes", "requests_under_way", "members_alive")


class Statistics(Structure):
    _fields_ = [("struct_size", c_size_t), *((name, c_uint64) for name in STATISTICS)]


# Called before session_visit returns, on the caller's thread.
VISIT = CFUNCTYPE(None, c_void_p, TextOut, TextOut)
_HANDLE = c_void_p
_OUT = POINTER(c_void_p)
_FUNCTIONS = {
    "abi_version": (c_uint32, []),
    "options_load": (c_int, [c_char_p, _OUT, c_char_p, c_size_t]),
    "options_free": (None, [_HANDLE]),
    "options_member_name": (c_char_p, [_HANDLE]),
    "options_listen": (c_char_p, [_HANDLE]),
    "node_open": (c_int, [_HANDLE, _OUT, c_char_p, c_size_t]),
    "node_readiness": (c_int, [_HANDLE]),
    "node_wait_ready": (c_int, [_HANDLE, c_int, c_uint32, c_char_p, c_size_t]),
    "node_drain": (None, [_HANDLE]),
    "node_free": (None, [_HANDLE]),
    "node_metrics": (c_size_t, [_HANDLE, c_char_p, c_size_t]),
    "node_statistics": (c_int, [_HANDLE, POINTER(Statistics)]),
    "reload_keys": (c_int, [_HANDLE, c_char_p, c_size_t]),
    "begin": (c_int, [_HANDLE, POINTER(Request), _OUT, _OUT]),
    "finish": (c_int, [_HANDLE, _OUT]),
    "session_drop": (None, [_HANDLE]),
    "completions_open": (c_int, [_OUT, POINTER(c_int)]),
    "completions_free": (None, [_HANDLE]),
    "completions_take": (c_size_t, [_HANDLE, POINTER(Completion), c_size_t]),
    "begin_into": (c_int, [_HANDLE, POINTER(Request), _HANDLE, c_uint64]),
    "finish_into": (c_int, [_HANDLE, _HANDLE, c_uint64]),
    "headers_for": (c_int, [_HANDLE, POINTER(Request), _OUT]),
    "session_id": (c_int, [_HANDLE, c_char_p, c_size_t]),
    "session_is_new": (c_int, [_HANDLE]),
    "session_is_replayed": (c_int, [_HANDLE]),
    "session_note": (c_int, [_HANDLE]),
    "session_epoch": (c_uint32, [_HANDLE]),
    "session_version": (c_uint64, [_HANDLE]),
    "session_get": (c_int, [_HANDLE, TextIn, POINTER(TextOut)]),
    "session_visit": (c_int, [_HANDLE, VISIT, c_void_p]),
    "session_set": (c_int, [_HANDLE, TextIn, TextIn]),
    "session_remove": (c_int, [_HANDLE, TextIn]),
    "session_invalidate": (c_int, [_HANDLE]),
    "session_rotate_id": (c_int, [_HANDLE]),
    "session_store_response": (c_int, [_HANDLE, c_int, POINTER(HeaderIn), c_size_t, TextIn]),
    "session_refusal": (TextOut, [_HANDLE]),
    "reply_status": (c_int, [_HANDLE]),
    "reply_note": (c_int, [_HANDLE]),
    "reply_header": (c_int, [_HANDLE, c_size_t, POINTER(HeaderOut)]),
    "reply_body": (TextOut, [_HANDLE]),
    "reply_free": (None, [_HANDLE]),
}


class Library:
    """Its functions, without their prefix."""

    def __init__(self, path: str) -> None:
        try:
            loaded = ctypes.CDLL(path)
        except OSError as failure:
            raise ImportError(f"{failure}: install libunderstudy.so and run ldconfig, or name its "
                              "path in UNDERSTUDY_LIBRARY") from failure
        try:
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(loaded, "understudy_" + name)
                function.restype, function.argtypes = result, arguments
                setattr(self, name, function)
        except AttributeError as missing:
            raise ImportError(f"{path} is too old: {missing}") from missing
        if self.abi_version() < ABI_VERSION:  # type: ignore[attr-defined]
            raise ImportError(f"{path} has an older interface than version {ABI_VERSION}")


@functools.lru_cache(maxsize=None)
def library() -> Any:
    """The library, loaded once: from UNDERSTUDY_LIBRARY, or where the system has it."""
    path = os.environ.get("UNDERSTUDY_LIBRARY") or ctypes.util.find_library("understudy")
    return Library(path or "libunderstudy.so.0.1")


def text(value: bytes) -> TextIn:
    return TextIn(value, len(value))


def headers_of(pairs: Sequence[Tuple[bytes, bytes]]) -> "ctypes.Array[HeaderIn]":
    """(name, value) of bytes as an array for the library."""
    return (HeaderIn * len(pairs))(*(HeaderIn(text(name), text(value)) for name, value in pairs))
