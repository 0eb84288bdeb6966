# SPDX-License-Identifier: Apache-2.0
import http.client
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from support import Member, free_port

try:
    import gunicorn
except ImportError:
    gunicorn = None

PATIENCE = 60.0
SOURCE = str(pathlib.Path(__file__).resolve().parents[1] / "src")
APPLICATION = """
import os
import understudy, understudy.wsgi

def answer(environ, start_response):
    start_response("200 OK", [])
    return [f"{os.getpid()} {understudy.node().member_name}".encode()]

application = understudy.wsgi.Middleware(answer)
"""
CONFIG = """
import os
from understudy.gunicorn import Members
members = Members(*os.environ["MEMBERS"].split())
workers, bind = members.workers, members.bind
post_fork, post_worker_init = members.post_fork, members.post_worker_init
worker_exit = members.worker_exit
worker_class, threads, loglevel, graceful_timeout = "gthread", 2, "error", 10
"""


@unittest.skipUnless(gunicorn, "gunicorn is not installed")
class GunicornTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        (pathlib.Path(directory.name) / "app.py").write_text(APPLICATION)
        (pathlib.Path(directory.name) / "gunicorn.conf.py").write_text(CONFIG)
        self.ports, configs = [], []
        for name in "ab":
            self.ports.append(free_port())
            member = Member(name=name, listen=f"127.0.0.1:{self.ports[-1]}")
            self.addCleanup(member.close)
            configs.append(member.config)
        environment = dict(os.environ, PYTHONPATH=SOURCE, MEMBERS=" ".join(configs))
        self.arbiter = subprocess.Popen(
            [sys.executable, "-B", "-m", "gunicorn", "-c", "gunicorn.conf.py", "app:application"],
            cwd=directory.name, env=environment, process_group=0)
        self.addCleanup(self.end)

    def end(self):
        if self.arbiter.poll() is None:
            os.killpg(self.arbiter.pid, signal.SIGKILL)
            self.arbiter.wait()

    def workers(self):
        """The process at each port, when both serve as they should."""
        pids = []
        for port, name in zip(self.ports, "ab"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                pid, _, member = answer.read().decode().partition(" ")
            except (OSError, http.client.HTTPException):
                return None
            finally:
                connection.close()
            if answer.status != 200:
                return None
            self.assertEqual(member, name)
            pids.append(int(pid))
        return pids

    def wait_for(self, condition):
        """The workers, of which it holds."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.assertIsNone(self.arbiter.poll(), "gunicorn has ended")
            pids = self.workers()
            if pids is not None and condition(pids):
                return pids
            time.sleep(0.05)
        self.fail(f"not within {PATIENCE} s")

    def test_each_worker_is_a_member_whatever_becomes_of_the_others(self):
        first = self.wait_for(lambda pids: pids[0] != pids[1])
        os.kill(first[0], signal.SIGKILL)
        second = self.wait_for(lambda pids: pids[0] != first[0])
        self.assertEqual(second[1], first[1])
        self.arbiter.send_signal(signal.SIGHUP)  # new workers wait for the configurations
        self.wait_for(lambda pids: not set(pids) & set(second))
        self.arbiter.send_signal(signal.SIGTERM)
        self.assertEqual(self.arbiter.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
