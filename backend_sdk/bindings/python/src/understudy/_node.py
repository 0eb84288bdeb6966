# SPDX-License-Identifier: Apache-2.0
"""Node: this process as a member of the cluster; and the one node of a process."""
from __future__ import annotations

import ctypes
import enum
import os
import threading
from typing import Dict, Iterable, Optional, Tuple, Union

from . import _library
from .errors import ClosedError, Error, ForkedError, check
from .reply import Headers, Reply, take
from .session import Session

PathLike = Union[str, "os.PathLike[str]"]


class Readiness(enum.IntEnum):
    """How far a node is. It rises, and falls when members die."""

    JOINING = 0  # requests are answered 503
    JOINED = 1  # no other member can hold copies now
    PROTECTED = 2  # another member can
    LEAVING = 3  # for good

    def __str__(self) -> str:
        return self.name.lower()


class Request:
    """A request as far as the session cares. Used for one call; keeps the bytes it points to."""

    __slots__ = ("raw", "_kept")

    def __init__(self, method: str, target: str, headers: Iterable[Tuple[str, str]] = (), *,
                 is_tls: bool = False, is_exclusive: bool = False) -> None:
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        array = _library.headers_of(pairs)
        self._kept = (pairs, array)
        self.raw = _library.Request(
            ctypes.sizeof(_library.Request), _library.text(method.encode("latin-1")),
            _library.text(target.encode("latin-1")), array, len(pairs), is_tls, is_exclusive)


class _Options:
    """A configuration file, read and checked; a context manager."""

    def __init__(self, config: PathLike) -> None:
        self._lib = lib = _library.library()
        message = ctypes.create_string_buffer(_library.MESSAGE_BYTES)
        handle = ctypes.c_void_p()
        check(lib.options_load(os.fsencode(config), ctypes.byref(handle), message, len(message)),
              message.value.decode("utf-8", "replace"))
        self.handle = handle.value
        self.member_name: str = lib.options_member_name(handle).decode()
        self.listen: str = lib.options_listen(handle).decode()

    def __enter__(self) -> "_Options":
        return self

    def __exit__(self, *unused: object) -> None:
        self._lib.options_free(self.handle)


def address_of(listen: str) -> Tuple[str, int]:
    """"127.0.0.1:7001" or "[::1]:7001" as sockets have it."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def listen_of(config: PathLike) -> Tuple[str, int]:
    """The Listen of a configuration, which the program binds for its HTTP."""
    with _Options(config) as options:
        return address_of(options.listen)


class Node:
    """Opened from a configuration file (man understudy.conf). Any thread may use it.

    Open it in each process, after the fork: its thread does not come along. A call in a child of
    fork raises ForkedError.
    """

    def __init__(self, config: PathLike) -> None:
        self._lib = lib = _library.library()
        self._handle: Optional[int] = None
        self._pid = os.getpid()
        message = ctypes.create_string_buffer(_library.MESSAGE_BYTES)
        node = ctypes.c_void_p()
        with _Options(config) as options:
            self.member_name, self.listen = options.member_name, options.listen
            check(lib.node_open(options.handle, ctypes.byref(node), message, len(message)),
                  message.value.decode("utf-8", "replace"))
        self._handle = node.value

    def _its(self) -> int:
        if self._handle is None:
            raise ClosedError("the node was closed before")
        return self._handle

    @property
    def address(self) -> Tuple[str, int]:
        """Listen, which the program binds for its HTTP."""
        return address_of(self.listen)

    @property
    def is_open(self) -> bool:
        return self._handle is not None

    @property
    def is_forked(self) -> bool:
        """This process is a child of the one that opened the node."""
        return self._pid != os.getpid()

    @property
    def readiness(self) -> Readiness:
        if self._handle is None:
            return Readiness.LEAVING
        return Readiness(self._lib.node_readiness(self._handle))

    def wait_ready(self, seconds: float, least: Readiness = Readiness.JOINED) -> None:
        """Until readiness is `least` or better; NotReadyError when it is not in time."""
        message = ctypes.create_string_buffer(_library.MESSAGE_BYTES)
        code = self._lib.node_wait_ready(self._its(), least, max(0, int(seconds * 1000)), message,
                                         len(message))
        check(code, message.value.decode("utf-8", "replace"))

    def begin(self, request: Request) -> Union[Session, Reply]:
        """A session, and the handler runs; or a reply, which is sent instead. Blocks."""
        session, reply = ctypes.c_void_p(), ctypes.c_void_p()
        check(self._lib.begin(self._its(), ctypes.byref(request.raw), ctypes.byref(session),
                              ctypes.byref(reply)))
        return Session(session.value) if session.value else take(reply.value or 0)

    def headers_for(self, request: Request) -> Headers:
        """Of a response that was made without begin(): the proxy's news."""
        reply = ctypes.c_void_p()
        check(self._lib.headers_for(self._its(), ctypes.byref(request.raw), ctypes.byref(reply)))
        return take(reply.value or 0).headers

    def drain(self) -> None:
        """Takes no new sessions, waits for requests under way (DrainTimeout), and hands each
        session to its secondary. Blocks until that is done."""
        self._lib.node_drain(self._its())

    def reload_keys(self) -> None:
        """Reads ClusterKeyFile again. When it fails the old keys stay in force."""
        message = ctypes.create_string_buffer(_library.MESSAGE_BYTES)
        code = self._lib.reload_keys(self._its(), message, len(message))
        check(code, message.value.decode("utf-8", "replace"))

    def statistics(self) -> Dict[str, int]:
        """Counters since the node was opened; from sessions_primary on, what is now."""
        now = _library.Statistics(ctypes.sizeof(_library.Statistics))
        check(self._lib.node_statistics(self._its(), ctypes.byref(now)))
        return {name: getattr(now, name) for name in _library.STATISTICS}

    def metrics(self) -> str:
        """Prometheus, text format 0.0.4."""
        size = self._lib.node_metrics(self._its(), None, 0)
        room = ctypes.create_string_buffer(size + 1024)
        size = self._lib.node_metrics(self._its(), room, len(room))
        return room.raw[:min(size, len(room))].decode()

    def close(self) -> None:
        """Leaves, at once if it was not drained. A second call does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._lib.node_free(handle)

    def __enter__(self) -> "Node":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()

    def __repr__(self) -> str:
        return f"<understudy.Node {self.member_name}, {self.readiness}>"


_lock = threading.Lock()
_node: Optional[Node] = None


def open_node(config: PathLike) -> Node:
    """Opens the node of this process, which node() then gives; one that a parent process has opened
    is forgotten. A process has one: a member is an address that the proxy can choose."""
    global _node
    with _lock:
        if _node is not None and _node.is_open and not _node.is_forked:
            raise Error("this process has a node already: " + _node.member_name)
        _node = Node(config)
        return _node


def node() -> Node:
    """The node of this process; ClosedError when it has none, ForkedError when its parent's is the
    only one."""
    found = _node
    if found is None or not found.is_open:
        raise ClosedError("this process has no node: call understudy.open_node(config) in it")
    if found.is_forked:
        raise ForkedError("the node belongs to the process that this one was forked from: call "
                          "understudy.open_node(config) in each, after the fork")
    return found


os.register_at_fork(after_in_child=lambda: globals().update(_lock=threading.Lock()))
