# SPDX-License-Identifier: Apache-2.0
"""What the SDK refuses, as exceptions. Each says why."""
from __future__ import annotations

OK = 0


class Error(Exception):
    """All of the SDK's. `code` is that of understudy.h."""

    code = 4


class ConfigurationError(Error):
    """A directive is wrong; the text has file, line and column."""

    code = 1


class KeyFileError(Error):
    """ClusterKeyFile is missing, readable by others, or no key file."""

    code = 2


class AddressError(Error):
    """ClusterListen cannot be bound, or an address cannot be resolved."""

    code = 3


class ArgumentError(Error, ValueError):
    """An argument that no call can have."""

    code = 5


class RefusedError(Error):
    """A change of a session was refused. Its whole request is answered 500, and changes nothing."""

    code = 6


class ClosedError(Error):
    """The node was closed, or the session finished or dropped before."""

    code = 7


class ForkedError(Error):
    """The node was opened before this process was forked: open one in each process."""

    code = 8


class NotReadyError(Error, TimeoutError):
    """The node is not as far as was asked, or is leaving."""

    code = 9


_KINDS = {kind.code: kind for kind in Error.__subclasses__()}

_TEXTS = {
    4: "the operating system refused it, or memory is used up",
    5: "an argument is missing or out of range",
    6: "the change was refused",
    7: "it was closed, finished or dropped before",
    8: "this process was forked from the one that opened the node; open a node in each process, "
       "after the fork",
}


def error_of(code: int, text: str = "") -> Error:
    """The exception for a code of understudy.h."""
    return _KINDS.get(code, Error)(text or _TEXTS.get(code, f"code {code}"))


def check(code: int, text: str = "") -> None:
    """Raises when the code is not OK."""
    if code != OK:
        raise error_of(code, text)
