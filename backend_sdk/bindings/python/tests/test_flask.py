# SPDX-License-Identifier: Apache-2.0
import unittest

from support import NodeCase, Visitor, cookie_of

try:
    import flask

    from understudy.flask import Understudy
except ImportError:
    flask = None


@unittest.skipUnless(flask, "Flask is not installed")
class FlaskTest(NodeCase):
    def setUp(self):
        self.cookie = ""
        self.app = flask.Flask(__name__)
        Understudy(self.app)
        # Its own cookies would hide what is sent.
        self.client = self.app.test_client(use_cookies=False)
        self.work = lambda: None

        @self.app.route("/", methods=["GET", "POST"])
        def view():
            return flask.jsonify(self.work())

    def run_view(self, work, status=200):
        """What `work` gives, within a request."""
        self.work = work
        headers = {"Cookie": self.cookie} if self.cookie else {}
        response = self.client.post("/", headers=headers)
        self.assertEqual(response.status_code, status)
        self.cookie = cookie_of(response.headers.items()) or self.cookie
        self.headers = response.headers
        return response.json if status == 200 else None

    def test_a_change_inside_of_a_value_is_found(self):
        self.run_view(lambda: flask.session.update(items=["one"]))
        self.run_view(lambda: flask.session["items"].append("two"))
        self.assertEqual(self.run_view(lambda: flask.session["items"]), ["one", "two"])
        self.assertIn("Cookie", self.headers["Vary"])

    def test_only_what_has_changed_is_written(self):
        self.run_view(lambda: flask.session.update(a=1, b=[2]))
        versions = [self.run_view(lambda: flask.session.handle.version) for _ in range(3)]
        self.assertEqual(versions, [1, 1, 1])

    def test_what_flask_can_keep_is_kept(self):
        def write():
            flask.session.update(tuple=(1, 2), bytes=b"\0\xff", none=None)
        self.run_view(write)
        self.assertEqual(self.run_view(lambda: [flask.session["tuple"] == (1, 2),
                                                flask.session["bytes"] == b"\0\xff",
                                                flask.session["none"] is None]), [True] * 3)

    def test_attributes_of_other_programs_stay(self):
        self.run_view(lambda: flask.session.update(a=1))
        visitor = Visitor(self.node)
        visitor.cookie = self.cookie
        session = visitor.begin()
        session["theirs"] = b"\xff no JSON"
        session["blanks"] = b'{"x": 1}'
        visitor.finish(session)
        self.cookie = visitor.cookie
        self.assertEqual(self.run_view(lambda: flask.session.handle.version), 2)
        self.assertEqual(self.run_view(lambda: [sorted(flask.session),
                                                flask.session.handle.version]),
                         [["a", "blanks"], 2])
        visitor.cookie = self.cookie
        self.assertEqual(visitor.begin()["theirs"], b"\xff no JSON")

    def test_an_exception_commits_nothing(self):
        self.run_view(lambda: flask.session.update(a=1))

        def fail():
            flask.session["a"] = 2
            raise ZeroDivisionError
        self.app.config["PROPAGATE_EXCEPTIONS"] = False
        self.run_view(fail, status=500)
        self.assertEqual(self.run_view(lambda: flask.session["a"]), 1)

    def test_what_is_written_after_a_logout_is_of_another_session(self):
        def ids():
            return [flask.session.sid, dict(flask.session)]
        self.run_view(lambda: flask.session.update(user="ann", cart=[1]))
        old, _ = self.run_view(ids)

        def log_out_and_in():
            flask.session.invalidate()
            flask.session["user"] = "bob"
        self.run_view(log_out_and_in)
        new, content = self.run_view(ids)
        self.assertNotEqual(new, old)
        self.assertEqual(content, {"user": "bob"})
        late = self.cookie
        self.run_view(lambda: flask.session.invalidate())
        self.cookie = late
        self.assertEqual(self.run_view(ids)[1], {})

    def test_without_the_middleware_there_is_no_session(self):
        app = flask.Flask(__name__)
        Understudy(app)
        with app.test_request_context():
            with self.assertRaises(RuntimeError):
                flask.session["a"] = 1


if __name__ == "__main__":
    unittest.main()
