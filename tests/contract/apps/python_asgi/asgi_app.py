# SPDX-License-Identifier: Apache-2.0
"""The contract application on understudy.asgi: one thread, the loop's."""
import asyncio
import urllib.parse

import handlers
import uvicorn

import understudy.asgi
from understudy._node import listen_of


async def answer(send, status, content_type, body):
    headers = [(b"content-type", content_type.encode())] if content_type else []
    if status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def with_session(scope, receive, send):
    assert scope["type"] == "http"  # no lifespan of its own
    session = scope["understudy.session"]
    query = scope["query_string"].decode()
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(int(urllib.parse.parse_qs(query)["ms"][0]) / 1000)
        query = "ms=0"
    await answer(send, *handlers.handle(scope["path"], query, session, body))


config = handlers.config_path()
sessions = understudy.asgi.Middleware(
    with_session, config, exclusive=lambda scope: scope["path"] in handlers.EXCLUSIVE)


async def application(scope, receive, send):
    about = handlers.about_member(scope["path"]) if scope["type"] == "http" else None
    await (answer(send, *about) if about else sessions(scope, receive, send))


host, port = listen_of(config)
uvicorn.run(application, host=host, port=port, log_level="warning")
