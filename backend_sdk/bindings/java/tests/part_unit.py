# SPDX-License-Identifier: Apache-2.0
"""The core classes and the values of sessions, in one JVM with the real library."""

import glob
import os
import subprocess

from stage import HERE, HOME, JARS, compile_java


def run(stage, table):
    jars = [os.path.join(JARS, "understudy-session.jar"), os.path.join(HOME, "lib/servlet-api.jar")]
    sources = glob.glob(os.path.join(HERE, "unit/**/*.java"), recursive=True)
    classes = compile_java(stage, "unit", sources, jars)
    command = [
        "java", "-Xcheck:jni", f"-Djava.library.path={JARS}", "-cp", ":".join(jars + [classes]),
        "unit.Main", "unit.CoreTest", "io.understudy.servlet.ValuesTest"]
    table.check("no call of JNI is wrong (-Xcheck:jni)", lambda: unit(command))


def unit(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                          text=True, check=False)
    print(done.stdout, end="")
    assert done.returncode == 0, done.stderr[-4000:]
    warnings = [line for line in done.stdout.splitlines() + done.stderr.splitlines()
                if "WARNING in native method" in line or "FATAL ERROR in native" in line]
    assert not warnings, warnings
    return f"{done.stdout.count('pass  ')} promises"
