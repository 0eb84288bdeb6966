# SPDX-License-Identifier: Apache-2.0
"""The doors: how each contract application is started, and what is missing where it cannot be.

A door is build/release/bin/contract_DOOR, or an executable tests/contract/apps/DOOR/start, which
gets the configuration's path. `start --missing` says in one line what is missing, or nothing.
"""
import dataclasses
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get('UNDERSTUDY_BUILD', ROOT / 'build' / 'release')).resolve()
APPS = ROOT / 'tests' / 'contract' / 'apps'
BINARIES = ('cpp', 'httplib', 'beast', 'c')


@dataclasses.dataclass
class Door:
    command: list[str]

    def missing(self):
        program = pathlib.Path(self.command[0])
        if not os.access(program, os.X_OK):
            return f'{program} is not there (--install, then build again)'
        if program.name != 'start':
            return ''
        asked = subprocess.run([program, '--missing'], env=environment(), capture_output=True,
                               text=True, timeout=300, check=False)
        said = (asked.stdout + asked.stderr).strip()
        return said or ('' if asked.returncode == 0 else 'start --missing has failed')


# What Debian's package is for: not asked for where it is there already, from elsewhere.
PACKAGES = {
    'libcpp-httplib-dev': '/usr/include/httplib.h',
    'libboost-dev': '/usr/include/boost/beast.hpp',
    'python3-flask': '/usr/lib/python3/dist-packages/flask',
    'python3-django': '/usr/lib/python3/dist-packages/django',
    'gunicorn': '/usr/bin/gunicorn',
    'python3-uvicorn': '/usr/lib/python3/dist-packages/uvicorn',
    'nodejs': '/usr/bin/node',
    'libnode-dev': '/usr/include/node/node_api.h',
    'npm': '/usr/bin/npm',
    'openjdk-17-jdk-headless': '/usr/bin/javac',
}


def install():
    """Debian's packages, and express from npm into the build directory. The exit code."""
    missing = [name for name, path in PACKAGES.items() if not os.path.exists(path)]
    commands = [['npm', 'install', '--no-audit', '--no-fund', '--prefix', str(BUILD), 'express']]
    if (BUILD / 'node_modules' / 'express').exists():
        commands = []
    if missing:
        commands.insert(0, ['apt-get', 'install', '-y', '--no-install-recommends', *missing])
    for command in commands:
        print('==>', ' '.join(command), flush=True)
        done = subprocess.run(command, env=dict(os.environ, DEBIAN_FRONTEND='noninteractive'),
                              check=False)
        if done.returncode != 0:
            return 1
    return 0


def environment():
    """Of each process that the driver starts."""
    return dict(os.environ, UNDERSTUDY_BUILD=str(BUILD), PYTHONDONTWRITEBYTECODE='1',
                UNDERSTUDY_LIBRARY=str(BUILD / 'backend_sdk' / 'libunderstudy.so'))


def all_doors():
    found = {name: Door([str(BUILD / 'bin' / f'contract_{name}')]) for name in BINARIES}
    order = ['java', 'python', 'node']
    folders = [folder.name for folder in APPS.iterdir() if (folder / 'start').exists()]
    for name in sorted(folders, key=lambda n: (not any(n.startswith(o) for o in order), n)):
        found[name] = Door([str(APPS / name / 'start')])
    return found


def all_todos():
    """The to-do lists among the examples: backend_sdk/bindings/LANGUAGE/examples/todo/start."""
    found = ROOT.glob('backend_sdk/bindings/*/examples/todo/start')
    return {path.parents[2].name: Door([str(path)]) for path in sorted(found)}
