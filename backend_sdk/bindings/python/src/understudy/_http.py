# SPDX-License-Identifier: Apache-2.0
"""What the middlewares share: words of HTTP."""
from __future__ import annotations

import re
from http import HTTPStatus

RESERVED = "/.understudy/"
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
# A response of this status commits nothing: it is how frameworks tell of an exception.
FAILED = 500


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"


def without_wait(target: str) -> str:
    """A question about the members, to be answered at once: there is no thread that could wait."""
    return re.sub(r"([?&])wait=\d*", r"\1wait=0", target)
