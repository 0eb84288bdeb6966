# SPDX-License-Identifier: Apache-2.0
import asyncio
import gc
import os
import secrets
import threading
import unittest

from support import Member, NodeCase, Visitor

import understudy
from understudy.aio import AsyncNode


class VisitorCase(NodeCase):
    def setUp(self):
        self.visitor = Visitor(self.node)


class SessionTest(VisitorCase):
    def test_is_a_mapping_of_bytes(self):
        session = self.visitor.begin()
        session["b"] = b"2"
        session["a"] = bytes(range(256))
        session["größe"] = b""
        del session["b"]
        self.assertEqual(list(session), ["a", "größe"])
        self.assertEqual(dict(session), {"a": bytes(range(256)), "größe": b""})
        self.assertNotIn("b", session)
        self.assertNotIn(7, session)
        with self.assertRaises(KeyError):
            session["b"]
        with self.assertRaises(KeyError):
            del session["b"]
        with self.assertRaises(TypeError):
            session["text"] = "text"
        self.assertTrue(self.visitor.finish(session).is_own_response)
        again = self.visitor.begin()
        self.assertEqual(len(again), 2)
        self.assertFalse(again.is_new)
        self.assertEqual(again.version, 1)

    def test_says_when_it_is_over(self):
        session = self.visitor.begin()
        self.visitor.finish(session)
        self.assertFalse(session.is_open)
        for call in (lambda: session["a"], lambda: session.id, lambda: len(session),
                     lambda: session.finish(), lambda: session.rotate_id()):
            with self.assertRaises(understudy.ClosedError):
                call()
        session.drop()
        self.assertIn("closed", repr(session))

    def test_its_text_does_not_show_its_id(self):
        with self.visitor.begin() as session:
            self.assertNotIn(session.id, repr(session))

    def test_is_dropped_by_a_handler_that_raises(self):
        with self.assertRaises(ZeroDivisionError):
            with self.visitor.begin() as session:
                session["a"] = b"1"
                raise ZeroDivisionError
        self.assertFalse(session.is_open)

    def test_is_dropped_when_it_is_collected(self):
        before = self.node.statistics()["requests_under_way"]
        sessions = [self.visitor.begin() for _ in range(10)]
        sessions.append(sessions)  # a cycle
        del sessions
        gc.collect()
        Visitor(self.node).begin().drop()
        self.assertLessEqual(self.node.statistics()["requests_under_way"], before + 1)

    def test_a_refused_change_says_why_and_fails_the_request(self):
        session = self.visitor.begin()
        with self.assertRaisesRegex(understudy.RefusedError, "name"):
            session[""] = b"x"
        self.assertIn("name", session.refusal)
        self.assertEqual(self.visitor.finish(session).status, 500)

    def test_one_that_is_too_large_is_refused_at_the_commit(self):
        session = self.visitor.begin()
        session["big"] = b"x" * 70000
        reply = self.visitor.finish(session)
        self.assertEqual(reply.status, 500)
        self.assertGreater(len(reply.body), 20)

    def test_a_new_id_has_the_same_content(self):
        session = self.visitor.begin()
        session["a"] = b"1"
        old = session.id
        session.rotate_id()
        self.assertNotEqual(session.id, old)
        self.visitor.finish(session)
        self.assertEqual(self.visitor.begin()["a"], b"1")

    def test_after_logout_the_cookie_is_worth_nothing(self):
        session = self.visitor.begin()
        session["a"] = b"1"
        self.visitor.finish(session)
        cookie = self.visitor.cookie
        session = self.visitor.begin()
        session.invalidate()
        self.visitor.finish(session)
        self.visitor.cookie = cookie
        self.assertNotIn("a", self.visitor.begin())

    def test_a_stored_response_answers_the_same_request(self):
        first = self.visitor.begin()
        first["a"] = b"1"
        self.visitor.finish(first)
        headers = [("Understudy-Request-Id", secrets.token_hex(8))]
        session = self.visitor.begin("POST", headers)
        session["a"] = b"2"
        session.store_response(201, [("X-Kind", "stored")], b"\0body")
        session.finish()
        reply = self.visitor.begin("POST", headers)
        self.assertIsInstance(reply, understudy.Reply)
        self.assertEqual((reply.status, reply.body), (201, b"\0body"))
        self.assertIn(("X-Kind", "stored"), reply.headers)

    def test_a_child_of_fork_is_told_so(self):
        session = self.visitor.begin()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for call in (session.finish, understudy.node, self.node.statistics):
                    try:
                        call()
                    except understudy.ForkedError:
                        continue
                    os._exit(2)
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertTrue(self.visitor.finish(session).is_own_response)


class NodeTest(unittest.TestCase):
    def setUp(self):
        self.member = Member()
        self.addCleanup(self.member.close)

    def test_a_wrong_configuration_says_where(self):
        with open(self.member.config, "a") as config:
            config.write("MemberWeight many\n")
        with self.assertRaisesRegex(understudy.ConfigurationError, r"a\.conf:11:14: error:"):
            understudy.Node(self.member.config)
        with self.assertRaises(understudy.ConfigurationError):
            understudy.Node("/nowhere.conf")

    def test_one_that_is_closed_says_so(self):
        node = understudy.Node(self.member.config)
        node.close()
        node.close()
        self.assertIs(node.readiness, understudy.Readiness.LEAVING)
        with self.assertRaises(understudy.ClosedError):
            node.begin(understudy.Request("GET", "/"))
        with self.assertRaises(understudy.ClosedError):
            node.statistics()

    def test_says_how_far_it_is(self):
        with understudy.Node(self.member.config) as node:
            node.wait_ready(20)
            with self.assertRaisesRegex(understudy.NotReadyError, "not protected"):
                node.wait_ready(0.01, understudy.Readiness.PROTECTED)
            self.assertIn("understudy_sessions_primary", node.metrics())
            self.assertEqual(node.statistics()["members_alive"], 1)
            self.assertEqual(node.address, ("127.0.0.1", 7001))
            node.drain()
            self.assertIs(node.readiness, understudy.Readiness.LEAVING)
            with self.assertRaisesRegex(understudy.NotReadyError, "leaving"):
                node.wait_ready(1)

    def test_a_process_has_one(self):
        with self.assertRaisesRegex(understudy.ClosedError, "open_node"):
            understudy.node()
        with self.member.open() as node:
            self.assertIs(understudy.node(), node)
            with self.assertRaisesRegex(understudy.Error, "has a node already: a"):
                understudy.open_node(self.member.config)
        with self.assertRaises(understudy.ClosedError):
            understudy.node()


class AsyncTest(VisitorCase):
    def test_many_requests_wait_while_the_loop_goes_on(self):
        async def visit(node, number):
            session = await node.begin(understudy.Request("POST", "/"))
            session["n"] = str(number).encode()
            reply = await node.finish(session)
            return reply.status

        async def main():
            node = AsyncNode(self.node)
            try:
                return await asyncio.gather(*(visit(node, n) for n in range(200)))
            finally:
                node.close()

        self.assertEqual(asyncio.run(main()), [0] * 200)

    def test_a_cancelled_request_is_dropped(self):
        first = self.visitor.begin(exclusive=True)
        first["a"] = b"1"
        self.visitor.finish(first)
        held = self.visitor.begin(exclusive=True)
        cookie = [("Cookie", self.visitor.cookie)]

        async def main():
            node = AsyncNode(self.node)
            waiting = asyncio.ensure_future(
                node.begin(understudy.Request("POST", "/", cookie, is_exclusive=True)))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            self.assertFalse(done)  # behind the one that is held
            waiting.cancel()
            held.drop()
            # Its turn comes and passes: the next one is not behind it for ever.
            session = await asyncio.wait_for(
                node.begin(understudy.Request("POST", "/", cookie, is_exclusive=True)), 4)
            session.drop()
            node.close()
            with self.assertRaises(understudy.ClosedError):
                await node.begin(understudy.Request("GET", "/"))

        asyncio.run(main())

    def test_threads_share_a_node(self):
        faults = []

        def visit():
            visitor = Visitor(self.node)
            for turn in range(30):
                session = visitor.begin("POST", exclusive=True)
                if int(session.get("n", b"0")) != turn:
                    faults.append(turn)
                session["n"] = str(turn + 1).encode()
                visitor.finish(session)

        threads = [threading.Thread(target=visit) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])


if __name__ == "__main__":
    unittest.main()
