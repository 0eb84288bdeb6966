# SPDX-License-Identifier: Apache-2.0
import unittest

from support import NodeCase

try:
    import django
    from django.conf import settings
    from django.http import HttpResponse, JsonResponse
except ImportError:
    django = None

work = None


def view(request):
    return JsonResponse(work(request), safe=False)


if django:
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="of no use here",
        SESSION_ENGINE="understudy.django.engine", LOGGING_CONFIG=None,
        MIDDLEWARE=["understudy.django.middleware.SessionMiddleware"],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
    django.setup()
    from django.contrib.auth import SESSION_KEY
    from django.test import Client
    from django.urls import path

    from understudy.django.engine import SessionStore
    urlpatterns = [path("", view)]


@unittest.skipUnless(django, "Django is not installed")
class DjangoTest(NodeCase):
    def setUp(self):
        self.client = Client(raise_request_exception=False)

    def run_view(self, given, status=200):
        """What `given` returns of a request."""
        global work
        work = given
        self.response = self.client.post("/")
        self.assertEqual(self.response.status_code, status)
        return self.response.json() if status == 200 else None

    def test_a_change_inside_of_a_value_is_found(self):
        self.run_view(lambda request: request.session.update({"items": ["one"]}))
        self.run_view(lambda request: request.session["items"].append("two"))
        self.assertEqual(self.run_view(lambda request: request.session["items"]), ["one", "two"])
        self.assertIn("Cookie", self.response["Vary"])

    def test_one_that_is_not_asked_for_is_not_loaded(self):
        self.run_view(lambda request: request.session.update({"a": 1}))
        self.assertFalse(self.run_view(lambda request: request.session.accessed))
        self.assertFalse(self.response.has_header("Vary"))

    def test_the_applications_cookies_are_sent_beside_the_sessions(self):
        def write(request):
            request.session["a"] = 1
            return 1
        global work
        work = write
        original = globals()["view"]

        def with_cookie(request):
            response = HttpResponse("x")
            response.set_cookie("own", "1")
            write(request)
            return response
        urlpatterns[0].callback = with_cookie
        try:
            response = self.client.post("/")
        finally:
            urlpatterns[0].callback = original
        self.assertEqual(sorted(response.cookies), ["SID", "own"])
        self.assertTrue(response.cookies["SID"]["httponly"])

    def test_an_exception_commits_nothing(self):
        self.run_view(lambda request: request.session.update({"a": 1}))

        def fail(request):
            request.session["a"] = 2
            raise ZeroDivisionError
        self.run_view(fail, status=500)
        self.assertEqual(self.run_view(lambda request: request.session["a"]), 1)

    def test_login_keeps_the_content_under_another_id(self):
        def key(request):
            return [request.session.session_key, request.session.get("cart")]

        def log_in(request):
            request.session.cycle_key()
            request.session[SESSION_KEY] = "7"
        self.run_view(lambda request: request.session.update({"cart": [1]}))
        before = self.run_view(key)
        self.run_view(log_in)
        after = self.run_view(key)
        self.assertNotEqual(after[0], before[0])
        self.assertEqual(after[1], [1])

    def test_login_as_another_user_begins_anew(self):
        self.run_view(lambda request: request.session.update({SESSION_KEY: "7", "cart": [1]}))

        def log_in(request):
            request.session.flush()
            request.session[SESSION_KEY] = "8"
        self.run_view(log_in)
        self.assertEqual(self.run_view(lambda request: dict(request.session.items())),
                         {SESSION_KEY: "8"})

    def test_logout_ends_the_session(self):
        self.run_view(lambda request: request.session.update({"a": 1}))
        cookie = self.client.cookies["SID"].value
        self.run_view(lambda request: request.session.flush())
        self.client.cookies["SID"] = cookie
        self.assertEqual(self.run_view(lambda request: dict(request.session.items())), {})

    def test_one_without_a_request_cannot_be_saved(self):
        store = SessionStore("some key of before")
        self.assertEqual(dict(store.items()), {})
        store["a"] = 1
        with self.assertRaises(Exception):
            store.save()

    def test_pickle_is_refused(self):
        from django.core.exceptions import ImproperlyConfigured
        from django.test.utils import override_settings
        name = "django.contrib.sessions.serializers.PickleSerializer"
        with override_settings(SESSION_SERIALIZER=name):
            with self.assertRaisesRegex(ImproperlyConfigured, "PickleSerializer"):
                SessionStore()


if __name__ == "__main__":
    unittest.main()
