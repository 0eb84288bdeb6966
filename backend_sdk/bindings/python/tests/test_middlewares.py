# SPDX-License-Identifier: Apache-2.0
import asyncio
import unittest
from wsgiref.util import setup_testing_defaults

from support import Member, NodeCase, cookie_of

import understudy
import understudy.asgi
import understudy.wsgi


class MemberCase(NodeCase):
    cookie = ""


class WsgiTest(MemberCase):
    def ask(self, application, path="/", method="GET"):
        """(status, body); keeps the cookie."""
        environ = {"PATH_INFO": path, "REQUEST_METHOD": method}
        setup_testing_defaults(environ)
        if self.cookie:
            environ["HTTP_COOKIE"] = self.cookie
        heads, written = [], []

        def start_response(status, headers, exc_info=None):
            heads.append((status, headers))
            return written.append

        chunks = understudy.wsgi.Middleware(application)(environ, start_response)
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        self.assertEqual(len(heads), 1)
        self.cookie = cookie_of(heads[0][1]) or self.cookie
        self.headers = dict(heads[0][1])
        return int(heads[0][0][:3]), b"".join(written) + body

    def value(self, name="a"):
        kept = []

        def read(environ, start_response):
            kept.append(understudy.wsgi.session_of(environ).get(name))
            start_response("200 OK", [])
            return []
        self.ask(read)
        return kept[0]

    def test_each_way_to_answer_commits(self):
        def of_list(environ, start_response):
            understudy.wsgi.session_of(environ)["a"] = b"list"
            start_response("200 OK", [])
            return [b"one", b"two"]

        def of_generator(environ, start_response):
            understudy.wsgi.session_of(environ)["a"] = b"generator"
            start_response("200 OK", [])
            yield b""
            yield b"one"
            yield b"two"

        def of_write(environ, start_response):
            understudy.wsgi.session_of(environ)["a"] = b"write"
            start_response("200 OK", [])(b"one")
            return [b"two"]

        for application in (of_list, of_generator, of_write):
            with self.subTest(application.__name__):
                self.assertEqual(self.ask(application, method="POST"), (200, b"onetwo"))
                self.assertEqual(self.value(), application.__name__[3:].encode())

    def test_the_session_is_over_when_the_body_begins(self):
        def late(environ, start_response):
            session = understudy.wsgi.session_of(environ)
            start_response("200 OK", [])
            yield b"one"
            session["a"] = b"late"
        with self.assertRaises(understudy.ClosedError):
            self.ask(late)

    def test_an_exception_commits_nothing_wherever_it_is_raised(self):
        def in_call(environ, start_response):
            understudy.wsgi.session_of(environ)["a"] = b"1"
            raise ZeroDivisionError

        def in_generator(environ, start_response):
            understudy.wsgi.session_of(environ)["a"] = b"1"
            start_response("200 OK", [])
            raise ZeroDivisionError
            yield b""

        self.ask(lambda environ, start_response: [start_response("200 OK", [])] and [])
        under_way = self.node.statistics()["requests_under_way"]
        for application in (in_call, in_generator):
            with self.assertRaises(ZeroDivisionError):
                self.ask(application)
            self.assertIsNone(self.value())
        self.assertLessEqual(self.node.statistics()["requests_under_way"], under_way + 1)

    def test_a_500_commits_nothing(self):
        def failing(environ, start_response):
            understudy.wsgi.session_of(environ)["a"] = b"1"
            start_response("500 Oh", [])
            return [b"sorry"]
        self.assertEqual(self.ask(failing), (500, b"sorry"))
        self.assertEqual(self.cookie, "")

    def test_a_refusal_takes_the_answers_place(self):
        def large(environ, start_response):
            understudy.wsgi.session_of(environ)["a"] = b"x" * 70000
            start_response("200 OK", [("X-Own", "yes")])
            return [b"done"]
        status, body = self.ask(large, method="POST")
        self.assertEqual(status, 500)
        self.assertNotIn(b"done", body)
        self.assertNotIn("X-Own", self.headers)

    def test_the_body_is_closed(self):
        closed = []

        class Chunks:
            def __init__(self):
                self.it = iter([b"one"])

            def __iter__(self):
                return self.it

            def close(self):
                closed.append(True)

        def application(environ, start_response):
            start_response("200 OK", [])
            return Chunks()
        self.assertEqual(self.ask(application), (200, b"one"))
        self.assertEqual(closed, [True])

    def test_questions_of_the_proxy_hold_no_thread_where_there_is_one(self):
        environ = {"PATH_INFO": "/.understudy/view", "QUERY_STRING": "wait=60000",
                   "wsgi.multithread": False}
        setup_testing_defaults(environ)
        statuses = []
        body = understudy.wsgi.Middleware(None)(
            environ, lambda status, headers: statuses.append(status))
        self.assertTrue(statuses, body)

    def test_the_target_is_what_the_client_sent(self):
        self.assertEqual(understudy.wsgi.target_of({"RAW_URI": "/a%2fb?c"}), "/a%2fb?c")
        self.assertEqual(understudy.wsgi.target_of(
            {"SCRIPT_NAME": "/app", "PATH_INFO": "/gr\xc3\xb6\xc3\x9fe", "QUERY_STRING": "x=1"}),
            "/app/gr%C3%B6%C3%9Fe?x=1")


class AsgiTest(MemberCase):
    def ask(self, application, method="GET"):
        """The messages that the server gets."""
        async def main():
            its = understudy.asgi.Middleware(application)
            cookie = [(b"cookie", self.cookie.encode())] if self.cookie else []
            scope = {"type": "http", "method": method, "path": "/", "query_string": b"",
                     "headers": cookie}
            messages = []

            async def receive():
                return {"type": "http.request", "body": b""}

            async def send(message):
                messages.append(message)
            try:
                await its(scope, receive, send)
            finally:
                await its._stop()
            lines = [(name.decode(), value.decode()) for name, value in messages[0]["headers"]]
            self.cookie = cookie_of(lines) or self.cookie
            return messages
        return asyncio.run(main())

    @staticmethod
    def application(value=None, status=200):
        async def answer(scope, receive, send):
            session = scope["understudy.session"]
            if value is not None:
                session["a"] = value
            body = session.get("a", b"none")
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": body})
        return answer

    def test_a_session_goes_through_requests(self):
        self.ask(self.application(b"1"), "POST")
        self.assertEqual(self.ask(self.application())[1]["body"], b"1")

    def test_a_500_commits_nothing(self):
        self.ask(self.application(b"1", 500))
        self.assertEqual(self.cookie, "")

    def test_a_refusal_takes_the_answers_place(self):
        messages = self.ask(self.application(b"x" * 70000))
        self.assertEqual([message.get("status") for message in messages], [500, None])
        self.assertNotIn(b"xxx", messages[1]["body"])

    def test_an_exception_goes_on_to_the_server(self):
        async def failing(scope, receive, send):
            scope["understudy.session"]["a"] = b"1"
            raise ZeroDivisionError
        with self.assertRaises(ZeroDivisionError):
            self.ask(failing)


class LifespanTest(unittest.TestCase):
    def live(self, application, config):
        """What the server is told from start to end."""
        async def main():
            its = understudy.asgi.Middleware(application, config)
            asked = ["lifespan.startup", "lifespan.shutdown"]
            told = []

            async def receive():
                return {"type": asked.pop(0)}

            async def send(message):
                told.append(message["type"].rpartition("lifespan.")[2])
                if told[-1] == "startup.complete":
                    self.assertTrue(understudy.node().is_open)
            await its({"type": "lifespan"}, receive, send)
            return told
        return asyncio.run(main())

    def test_the_node_lives_as_long_as_the_server(self):
        async def without(scope, receive, send):
            assert scope["type"] == "http"

        async def with_one(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})

        for application in (without, with_one):
            with self.subTest(application.__name__):
                member = Member()
                self.addCleanup(member.close)
                self.assertEqual(self.live(application, member.config),
                                 ["startup.complete", "shutdown.complete"])
                with self.assertRaises(understudy.ClosedError):
                    understudy.node()

    def test_a_node_that_cannot_open_is_said(self):
        self.assertEqual(self.live(None, "/nowhere.conf"), ["startup.failed"])


if __name__ == "__main__":
    unittest.main()
