# SPDX-License-Identifier: Apache-2.0
"""A cluster of one member, in this process, and questions to it."""
import pathlib
import random
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "src"))

import understudy  # noqa: E402


def free_port():
    """Free for TCP and UDP a moment ago."""
    while True:
        port = random.randrange(15000, 32000)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
                return port
        except OSError:
            continue


class Member:
    """A configuration, and nodes that are opened with it."""

    def __init__(self, name="a", listen="127.0.0.1:7001"):
        self._directory = tempfile.TemporaryDirectory()
        self.config = str(pathlib.Path(self._directory.name) / "a.conf")
        pathlib.Path(self.config).write_text(
            f"MemberName {name}\nListen {listen}\nClusterListen 127.0.0.1:{free_port()}\n"
            "ClusterInsecure On\nHeartbeatInterval 200ms\nSessionCookie SID\nDrainTimeout 5s\n"
            "SoftSessionBytes 32K\nMaxSessionBytes 64K\nLogLevel error\n")

    def open(self):
        """The node of this process."""
        node = understudy.open_node(self.config)
        node.wait_ready(20)
        return node

    def close(self):
        self._directory.cleanup()


def cookie_of(headers):
    """The session's cookie that a response sets, as a Cookie header's value."""
    for name, value in headers:
        if name.lower() == "set-cookie" and value.startswith("SID="):
            return value.split(";")[0]
    return ""


class Visitor:
    """Sessions through the node alone."""

    def __init__(self, node):
        self.node = node
        self.cookie = ""

    def begin(self, method="GET", headers=(), exclusive=False):
        cookie = [("Cookie", self.cookie)] if self.cookie else []
        return self.node.begin(understudy.Request(method, "/", [*cookie, *headers],
                                                  is_exclusive=exclusive))

    def finish(self, session):
        reply = session.finish()
        self.cookie = cookie_of(reply.headers) or self.cookie
        return reply


class NodeCase(unittest.TestCase):
    """One member, alone in its cluster, for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.member = Member()
        cls.node = cls.member.open()

    @classmethod
    def tearDownClass(cls):
        cls.node.close()
        cls.member.close()
