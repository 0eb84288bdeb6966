# SPDX-License-Identifier: Apache-2.0
"""The contract application on understudy.wsgi, with a thread for each connection."""
import http
import signal
import socketserver
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import handlers

import understudy
import understudy.wsgi


CLOSING_SECONDS = 2


class Server(socketserver.ThreadingMixIn, WSGIServer):
    request_queue_size = 128
    daemon_threads = False  # server_close() waits for those that still answer


class Handler(WSGIRequestHandler):
    timeout = 10  # seconds in which a connection says nothing

    def log_message(self, format, *args):
        pass


def answer(start_response, status, content_type, body):
    headers = [("Content-Type", content_type)] if content_type else []
    if status != 204:
        headers.append(("Content-Length", str(len(body))))
    start_response(f"{status} {http.HTTPStatus(status).phrase}", headers)
    return [body] if status != 204 else []


def with_session(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    session = understudy.wsgi.session_of(environ)
    return answer(start_response, *handlers.handle(environ["PATH_INFO"], environ["QUERY_STRING"],
                                                   session, body))


sessions = understudy.wsgi.Middleware(
    with_session, exclusive=lambda environ: environ["PATH_INFO"] in handlers.EXCLUSIVE)


def application(environ, start_response):
    about = handlers.about_member(environ["PATH_INFO"])
    return answer(start_response, *about) if about else sessions(environ, start_response)


def main():
    node = understudy.open_node(handlers.config_path())
    server = Server(node.address, Handler)
    server.set_app(application)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    stop.wait()
    node.drain()
    server.shutdown()
    # Answers are under way for a moment. What waits longer is a proxy's question for the next view,
    # which ends when the node does.
    closing = threading.Thread(target=server.server_close, daemon=True)
    closing.start()
    closing.join(CLOSING_SECONDS)
    node.close()


main()
