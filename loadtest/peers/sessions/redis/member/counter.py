# A counter without sessions of its own: they are in Redis, and any member serves any of them.
import http.server
import json
import secrets
import socketserver
import sys

import redis

SESSION_SECONDS = 1800
name, host, port, store_host, store_port = sys.argv[1:]
store = redis.Redis(host=store_host, port=int(store_port), socket_timeout=2,
                    socket_connect_timeout=1, decode_responses=True)


class Counter(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/health":
            return self.answer(200, {"ok": True})
        cookies = dict(pair.strip().partition("=")[::2]
                       for pair in self.headers.get("Cookie", "").split(";"))
        session = cookies.get("SID", "")
        try:
            known = session and store.exists("session:" + session)
            if not known:
                session = secrets.token_hex(16)
            if self.path == "/count":
                count = store.hincrby("session:" + session, "count", 1)
            elif self.path == "/logout":
                count = 0
                store.delete("session:" + session)
                known = True
            else:
                count = int(store.hget("session:" + session, "count") or 0)
            store.expire("session:" + session, SESSION_SECONDS)
        except redis.RedisError as error:
            return self.answer(503, {"error": str(error)})
        fresh = None if known else session
        self.answer(200, {"session": session, "count": count, "member": name}, fresh)

    do_POST = do_GET

    def answer(self, status, what, cookie=None):
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", "SID=" + cookie + "; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 1024


Server((host, int(port)), Counter).serve_forever()
