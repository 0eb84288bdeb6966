# SPDX-License-Identifier: Apache-2.0
"""The contract application on understudy.django, with Django's own login and logout."""
import handlers
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

import understudy

settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="of no use here",
    SESSION_ENGINE="understudy.django.engine",
    MIDDLEWARE=["understudy.django.middleware.SessionMiddleware"],
    UNDERSTUDY_EXCLUSIVE=lambda request: request.path in handlers.EXCLUSIVE,
    DATA_UPLOAD_MAX_MEMORY_SIZE=None, LOGGING_CONFIG=None)


def count_answer(session, count, is_replayed):
    return JsonResponse({"session": session.handle.id, "count": count, "replayed": is_replayed,
                         "member": understudy.node().member_name})


def count(request):
    session = request.session
    is_replayed = session.handle.is_replayed
    session["count"] = session.get("count", 0) + (0 if is_replayed else 1)
    session.store_response(count_answer(session, session["count"], True))
    return count_answer(session, session["count"], is_replayed)


def value(request):
    return count_answer(request.session, request.session.get("count", 0), False)


def set_attribute(request):
    request.session[request.GET["name"]] = request.body.decode("latin-1")
    return HttpResponse(status=204)


def get_attribute(request):
    kept = request.session.get(request.GET["name"])
    if kept is None:
        return HttpResponse(status=404)
    return HttpResponse(kept.encode("latin-1"), content_type=handlers.BYTES)


def remove(request):
    request.session.pop(request.GET["name"], None)
    return HttpResponse(status=204)


def login(request):
    if not request.session.handle.is_replayed:
        request.session.cycle_key()
    request.session["user"] = request.GET["user"]
    return JsonResponse({"session": request.session.session_key, "user": request.GET["user"]})


def who_am_i(request):
    return JsonResponse({"user": request.session.get("user")})


def logout(request):
    request.session.flush()
    return HttpResponse(status=204)


def append(request):
    request.session["log"] = request.session.get("log", "") + request.GET["text"]
    return HttpResponse(request.session["log"])


def size(request):
    request.session["big"] = "x" * int(request.GET["bytes"])
    return HttpResponse(status=204)


def throw(request):
    request.session["thrown"] = "1"
    raise ZeroDivisionError("the view of /throw raises")


def of_handler(handler):
    return lambda request: HttpResponse(handler(None, request.GET.get, b"")[2])


urlpatterns = [path(view[0], view[1]) for view in (
    ("count", count), ("value", value), ("set", set_attribute), ("get", get_attribute),
    ("remove", remove), ("login", login), ("whoami", who_am_i), ("logout", logout),
    ("append", append), ("size", size), ("throw", throw), ("slow", of_handler(handlers.slow)),
    ("fork", of_handler(handlers.fork)))]

with_sessions = get_wsgi_application()


def application(environ, start_response):
    about = handlers.about_member(environ["PATH_INFO"])
    if about is None:
        return with_sessions(environ, start_response)
    status, content_type, body = about
    start_response(f"{status} Status", [("Content-Type", content_type),
                                        ("Content-Length", str(len(body)))])
    return [body]
