# SPDX-License-Identifier: Apache-2.0
"""A stage for the Java tests: free ports, processes that end with it, Tomcats, proxies, clients."""

import glob
import http.client
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
JAVA = os.path.dirname(HERE)
ROOT = os.path.abspath(os.path.join(JAVA, "../../.."))
BUILD = os.environ.get("UNDERSTUDY_BUILD", os.path.join(ROOT, "build/release"))
JARS = os.path.join(BUILD, "backend_sdk/bindings/java")
HOME = os.environ.get("CATALINA_HOME", "/usr/share/tomcat10")
JVM = ["-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]

QUICK = "HeartbeatInterval 200ms\n"


def wait_for(what, condition, seconds=60):
    """Until the condition is true; then its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Stage:
    """Owns a directory and all processes that it starts."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="understudy-java.")
        self.processes = {}
        self.ports = set()
        self.key = self.write("cluster.key", "1 " + secrets.token_hex(32) + "\n")
        os.chmod(self.key, 0o600)

    def port(self):
        """Free for TCP and UDP a moment ago, and not given before."""
        while True:
            with socket.socket() as tcp:
                tcp.bind(("127.0.0.1", 0))
                number = tcp.getsockname()[1]
                if number in self.ports:
                    continue
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                    try:
                        udp.bind(("127.0.0.1", number))
                    except OSError:
                        continue
            self.ports.add(number)
            return number

    def path(self, *names):
        path = os.path.join(self.directory, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, name, text):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self, name, command, environment=None):
        with open(self.path(name + ".log"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **(environment or {})})

    def log(self, name):
        with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self, name, number=signal.SIGKILL):
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(timeout=60)

    def close(self):
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
        if os.environ.get("KEEP_STAGE"):
            print("logs are in", self.directory)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)


def compile_java(stage, name, sources, jars):
    """Classes of the sources, with these jars in reach; gives their directory."""
    out = stage.path(name, "classes", "")
    subprocess.run(
        ["javac", "--release", "17", "-nowarn", "-cp", ":".join(jars), "-d", out] + sources,
        check=True)
    return out


def web_application(stage, home=HOME, translate=str):
    """The shop with the probes: a directory that each Tomcat gets a copy of. The sources are
    translated, for another version of the servlet API."""
    app = stage.path("app", "")
    shutil.copytree(os.path.join(JAVA, "examples/shop/web"), app, dirs_exist_ok=True)
    for page in glob.glob(os.path.join(HERE, "webapp/*.jsp")):
        shutil.copy(page, app)
    shutil.copy(os.path.join(HERE, "webapp/web.xml"), os.path.join(app, "WEB-INF/web.xml"))
    os.makedirs(os.path.join(app, "todo"), exist_ok=True)
    shutil.copy(os.path.join(JAVA, "examples/todo/index.jsp"), os.path.join(app, "todo"))
    sources = glob.glob(os.path.join(JAVA, "examples/shop/src/shop/*.java"))
    sources += glob.glob(os.path.join(HERE, "webapp/src/probe/*.java"))
    translated = []
    for source in sources:
        with open(source, encoding="utf-8") as file:
            translated.append(
                stage.write("sources/" + os.path.relpath(source, JAVA), translate(file.read())))
    classes = compile_java(stage, "web", translated, [os.path.join(home, "lib/servlet-api.jar")])
    shutil.copytree(classes, os.path.join(app, "WEB-INF/classes"), dirs_exist_ok=True)
    return app


SERVER = """<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector port="{http}" address="127.0.0.1" protocol="HTTP/1.1" maxKeepAliveRequests="-1"/>
    <Engine name="Catalina" defaultHost="localhost"{route}>
      <Realm className="org.apache.catalina.realm.MemoryRealm"/>
      {cluster}
      <Host name="localhost" appBase="webapps" unpackWARs="false" autoDeploy="false"/>
    </Engine>
  </Service>
</Server>
"""

USERS = """<?xml version="1.0" encoding="UTF-8"?>
<tomcat-users xmlns="http://tomcat.apache.org/xml" version="1.0">
  <user username="ann" password="secret" roles="customer"/>
</tomcat-users>
"""


class Tomcats:
    """Members with the Manager; each is started and killed by its name."""

    home = HOME
    jar = os.path.join(JARS, "understudy-session.jar")

    def __init__(self, stage, names, manager_attributes="", conf=QUICK, app=None, context=None):
        self.stage = stage
        self.http = {name: stage.port() for name in names}
        self.cluster = {name: stage.port() for name in names}
        self.manager = manager_attributes
        app = app or web_application(stage)
        members = ",".join(f"127.0.0.1:{port}" for port in self.cluster.values())
        for name in names:
            self.lay_out(name, app, context=context)
            stage.write(
                f"{name}/conf/member.conf",
                f"MemberName {name}\nMachine machine-{name}\nListen 127.0.0.1:{self.http[name]}\n"
                f"ClusterListen 127.0.0.1:{self.cluster[name]}\nClusterMembers {members}\n"
                f"ClusterKeyFile {stage.key}\nErrorLog stderr\nLogLevel info\n" + conf)

    def lay_out(self, name, app, cluster="", route="", context=None):
        base = self.stage.path(name, "")
        for folder in ("conf", "logs", "temp", "work", "lib", "webapps"):
            os.makedirs(os.path.join(base, folder), exist_ok=True)
        shutil.copy(os.path.join(self.home, "skel/conf/web.xml"), os.path.join(base, "conf"))
        shutil.copytree(app, os.path.join(base, "webapps/ROOT"), dirs_exist_ok=True)
        if not cluster:
            shutil.copy(self.jar, os.path.join(base, "lib"))
            context = (
                '<Manager className="io.understudy.tomcat.UnderstudyManager" '
                f'configuration="conf/member.conf" {self.manager}/>'
            ) if context is None else context
        # What a scan of all jars would find, the tests do not use.
        self.stage.write(
            f"{name}/conf/context.xml",
            f'<Context><JarScanner scanClassPath="false"/>{context or ""}</Context>\n')
        self.stage.write(f"{name}/conf/tomcat-users.xml", USERS)
        self.stage.write(
            f"{name}/conf/server.xml",
            SERVER.format(http=self.http[name], route=route, cluster=cluster))

    def start(self, *names, jvm=None):
        for name in names:
            options = (jvm or JVM) + [f"-Djava.library.path={JARS}", f"-Dmember={name}"]
            self.stage.start(
                name, [os.path.join(self.home, "bin/catalina.sh"), "run"],
                {"CATALINA_HOME": self.home, "CATALINA_BASE": self.stage.path(name, "").rstrip("/"),
                 "CATALINA_OPTS": " ".join(options), "JAVA_OPTS": ""})

    def conf(self, name):
        return self.stage.path(name, "conf/member.conf")

    def wait_protected(self, *names):
        for name in names:
            wait_for(
                f"{name} is not protected:\n{self.stage.log(name)[-3000:]}",
                lambda: re.findall(r"member \S+ is (\w+)", self.stage.log(name))[-1:] ==
                ["PROTECTED"], 300)


class Proxies:
    """Writes configurations of what stands in front, and starts it."""

    def __init__(self, stage, tomcats):
        self.stage, self.tomcats = stage, tomcats

    def understudy(self, extra=""):
        port = self.stage.port()
        members = ",".join(f"127.0.0.1:{http}" for http in self.tomcats.http.values())
        path = self.stage.write("proxy.conf", f"""Listen 127.0.0.1:{port}
<Location "/">
  SetHandler understudy-handler
  BackendCluster {members}
  DynamicServerList On
  SessionCookie JSESSIONID
  SessionReplay On
  ClusterKeyFile {self.stage.key}
{extra}</Location>
""")
        self.stage.start("proxy", [os.path.join(BUILD, "bin/understudy"), "run", "-c", path])
        wait_for("the proxy listens: " + self.stage.log("proxy"), lambda: is_open(port))
        return port

    def haproxy(self, name, backend, server=""):
        port = self.stage.port()
        servers = "\n".join(
            f"  server {member} 127.0.0.1:{http} {server.replace('@', member)}"
            for member, http in self.tomcats.http.items())
        path = self.stage.write(f"{name}.cfg", f"""global
  maxconn 2000
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
frontend in
  bind 127.0.0.1:{port}
  default_backend tomcats
backend tomcats
{backend}
{servers}
""")
        self.stage.start(name, ["haproxy", "-db", "-f", path])
        wait_for("HAProxy listens", lambda: is_open(port))
        return port


class Client:
    """A browser with one connection and its cookies."""

    def __init__(self, port):
        self.port = port
        self.cookies = {}
        self.connection = None

    def ask(self, method, target, form=None, headers=None):
        body = urllib.parse.urlencode(form) if form is not None else None
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            self.connection.request(method, target, body, sent)
            answer = self.connection.getresponse()
            answer.text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        if answer.will_close:
            self.connection.close()
            self.connection = None
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def get(self, target):
        return self.ask("GET", target)

    def post(self, target, **form):
        return self.ask("POST", target, form)
