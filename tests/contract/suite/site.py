# SPDX-License-Identifier: Apache-2.0
"""Three members of one door and the proxy, as processes in a directory of their own."""
import contextlib
import os
import pathlib
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from suite import browser, doors

NAMES = ('a', 'b', 'c')
COOKIE = 'UNDERSTUDY'
PATIENCE = 60.0  # seconds, for what takes one or two on a machine that does nothing else
SESSION_BYTES_MAX = 256 * 1024
_handed_out = set()


def wait_until(condition, what, seconds=PATIENCE):
    """Until the condition holds; AssertionError when it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f'not within {seconds:.0f} s: {what}')


def free_port():
    """Free for TCP and UDP a moment ago, and no port that clients get."""
    while True:
        port = random.randrange(15000, 32000)
        if port in _handed_out:
            continue
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                tcp.bind(('127.0.0.1', port))
                udp.bind(('127.0.0.1', port))
        except OSError:
            continue
        _handed_out.add(port)
        return port


def kill_group(process):
    """A member may be several processes: a server and its worker."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Member:
    def __init__(self, name):
        self.name = name
        self.http = free_port()
        self.cluster = free_port()
        self.process = None

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None


class Site:
    def __init__(self, command):
        self.command = command
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix='understudy-contract-'))
        self.members = {name: Member(name) for name in NAMES}
        self.proxy_port = free_port()
        self.admin_port = free_port()
        self.proxy = None

    def __enter__(self):
        key = self.directory / 'cluster.key'
        key.touch(mode=0o600)
        key.write_text(f'1 {secrets.token_hex(32)}\n')
        try:
            for name in NAMES:
                self.start(name)
            self.start_proxy()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        for process in [self.proxy, *(member.process for member in self.members.values())]:
            if process is not None:
                kill_group(process)
        if os.environ.get('KEEP_STAGE'):
            print(f'       logs are in {self.directory}')
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _spawn(self, command, log):
        with open(self.directory / log, 'ab') as out:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                    env=doors.environment(), cwd=self.directory,
                                    process_group=0)

    def start(self, name):
        member = self.members[name]
        config = self.directory / f'{name}.conf'
        seeds = ','.join(f'127.0.0.1:{self.members[other].cluster}' for other in NAMES)
        config.write_text(
            f'MemberName {name}\nMachine machine-{name}\nListen 127.0.0.1:{member.http}\n'
            f'ClusterListen 127.0.0.1:{member.cluster}\nClusterMembers {seeds}\n'
            f'ClusterKeyFile cluster.key\nHeartbeatInterval 200ms\nSessionCookie {COOKIE}\n'
            f'MaxSessionBytes {SESSION_BYTES_MAX}\nDrainTimeout 10s\n')
        member.process = self._spawn([*self.command, str(config)], f'{name}.log')

    def start_proxy(self):
        seeds = ','.join(f'127.0.0.1:{member.http}' for member in self.members.values())
        config = self.directory / 'proxy.conf'
        config.write_text(
            f'Workers 1\nListen 127.0.0.1:{self.proxy_port}\nAdmin 127.0.0.1:{self.admin_port}\n'
            f'<Location "/">\n  SetHandler understudy-handler\n  BackendCluster {seeds}\n'
            f'  DynamicServerList On\n  SessionCookie {COOKIE}\n  ClusterKeyFile cluster.key\n'
            '  SessionReplay On\n</Location>\n')
        program = str(doors.BUILD / 'bin' / 'understudy')
        self.proxy = self._spawn([program, 'run', '-c', str(config)], 'proxy.log')

    def browser(self, member=None):
        """One that asks the proxy, or a member itself."""
        port = self.members[member].http if member else self.proxy_port
        return browser.Browser(port, COOKIE)

    def is_whole(self, name):
        """The member is protected and knows all that run."""
        try:
            asked = self.browser(name)
            if asked.get('/ready').status != 200:
                return False
            running = sum(member.is_running for member in self.members.values())
            return asked.get('/statistics').json()['members_alive'] == running
        except OSError:
            return False

    def heal(self):
        """All members run, know each other, and are reached through the proxy."""
        for name, member in self.members.items():
            if not member.is_running:
                self.start(name)
        for name in NAMES:
            wait_until(lambda name=name: self.is_whole(name), f'{name} is protected')

        def members_behind_the_proxy():
            try:
                return {self.browser().get('/value').json().get('member') for _ in range(6)}
            except (OSError, ValueError):
                return set()
        wait_until(lambda: members_behind_the_proxy() == set(NAMES), 'the proxy knows all members')

    def kill(self, name):
        kill_group(self.members[name].process)

    def terminate(self, name):
        """SIGTERM; the exit code."""
        process = self.members[name].process
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise AssertionError(f'{name} has not ended {PATIENCE:.0f} s after SIGTERM') from None

    def logs(self):
        out = []
        for path in sorted(self.directory.glob('*.log')):
            out.append(f'--- {path.name}')
            out += path.read_text(errors='replace').splitlines()[-15:]
        return '\n'.join(out)
