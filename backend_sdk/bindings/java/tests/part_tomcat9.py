# SPDX-License-Identifier: Apache-2.0
"""The same cases on Tomcat 9, whose servlet API has the old name: with the jar that CMake made for
-D UNDERSTUDY_TOMCAT9_JARS=DIRECTORY, and that directory in the environment under the same name."""

import glob
import os
import shutil

from part_servlet import heard, listeners, servlet_cases
from stage import HOME, JARS, Client, Proxies, Tomcats, wait_for, web_application


class OldTomcats(Tomcats):
    """Debian has Tomcat 9 as a library only, so the start is Tomcat 10's."""

    jar = os.path.join(JARS, "understudy-session-tomcat9.jar")


def run(stage, table):
    jars = os.environ["UNDERSTUDY_TOMCAT9_JARS"]
    home = stage.path("home", "").rstrip("/")
    for folder in ("bin", "skel"):
        shutil.copytree(os.path.join(HOME, folder), os.path.join(home, folder))
    os.makedirs(os.path.join(home, "lib"))
    for jar in glob.glob(os.path.join(jars, "*.jar")):
        shutil.copy(jar, os.path.join(home, "lib"))
    old = glob.glob(os.path.join(jars, "*juli*.jar"))[0]
    shutil.copy(old, os.path.join(home, "bin/tomcat-juli.jar"))
    web = os.path.join(home, "skel/conf/web.xml")
    with open(web, encoding="utf-8") as file:
        text = file.read()
    with open(web, "w", encoding="utf-8") as file:
        file.write(javax(text))
    OldTomcats.home = home
    app = web_application(stage, home, javax)
    path = os.path.join(app, "WEB-INF/web.xml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(javax(text))
    tomcats = OldTomcats(stage, ["t1", "t2"], 'responseBuffer="65536"', app=app)
    tomcats.start("t1", "t2")
    tomcats.wait_protected("t1", "t2")
    wait_for("the pages are compiled", lambda: all(
        Client(port).get("/").status == 200 for port in tomcats.http.values()))
    proxy = Proxies(stage, tomcats).understudy()
    servlet_cases(proxy, table)
    table.check(
        "listeners of sessions, attributes and ids are told",
        lambda: listeners(Client(proxy), lambda: heard(tomcats)))


def javax(text):
    text = text.replace("jakarta.servlet", "javax.servlet")
    text = text.replace("https://jakarta.ee/xml/ns/jakartaee", "http://xmlns.jcp.org/xml/ns/javaee")
    return text.replace('version="6.0"', 'version="4.0"')
