# SPDX-License-Identifier: Apache-2.0
"""The Filter in a container that has its own manager: Tomcat's default one, as one of many."""

from load import Crowd
from part_servlet import heard, listeners, servlet_cases
from stage import Client, Proxies, Tomcats, wait_for, web_application

FILTER = """  <filter>
    <filter-name>understudy</filter-name>
    <filter-class>io.understudy.servlet.UnderstudyFilter</filter-class>
    <async-supported>true</async-supported>
    <init-param><param-name>configuration</param-name><param-value>@CONF@</param-value></init-param>
    <init-param><param-name>responseBuffer</param-name><param-value>65536</param-value></init-param>
    <init-param><param-name>listeners</param-name><param-value>probe.Heard</param-value></init-param>
  </filter>
  <filter-mapping>
    <filter-name>understudy</filter-name><url-pattern>/*</url-pattern>
    <dispatcher>REQUEST</dispatcher><dispatcher>ASYNC</dispatcher><dispatcher>ERROR</dispatcher>
  </filter-mapping>
</web-app>"""


def run(stage, table):
    names = ["t1", "t2", "t3"]
    tomcats = Tomcats(stage, names, app=web_application(stage), context="")
    for name in names:
        path = stage.path(name, "webapps/ROOT/WEB-INF/web.xml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("</web-app>", FILTER.replace("@CONF@", tomcats.conf(name))))
    tomcats.start(*names)
    tomcats.wait_protected(*names)
    wait_for("the pages are compiled", lambda: all(
        Client(port).get("/").status == 200 for port in tomcats.http.values()))
    proxy = Proxies(stage, tomcats).understudy()
    servlet_cases(proxy, table)
    table.check("the listeners of the parameter are told",
                lambda: listeners(Client(proxy), lambda: heard(tomcats)))
    table.check("kill -9 of a container under load", lambda: kill(stage, proxy))


def kill(stage, proxy):
    crowd = Crowd(proxy, 6)
    crowd.start()
    wait_for("additions", lambda: crowd.count() > 300)
    served = [each for each in crowd.customers if each.member == "t1"]
    assert served, "t1 serves no session"
    stage.kill("t1")
    reached = crowd.count()
    wait_for("additions", lambda: crowd.count() > reached + 300)
    crowd.stop()
    return f"{crowd.expect_exact()}; {len(served)} sessions were at t1"
