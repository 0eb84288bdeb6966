# SPDX-License-Identifier: Apache-2.0
"""A plain Python application: its sessions live in this process and nowhere else.
app.py PORT NAME: GET / answers "NAME COUNT COOKIES" and sets a cookie `app` of its own."""
import http.cookies
import http.server
import secrets
import sys

sessions = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        received = self.headers.get("Cookie", "")
        app = http.cookies.SimpleCookie(received).get("app")
        sid = app.value if app else None
        is_new = sid not in sessions
        if is_new:
            sid = secrets.token_hex(8)
        sessions[sid] = sessions.get(sid, 0) + 1
        body = f"{sys.argv[2]} {sessions[sid]} [{received}]\n".encode()
        self.send_response(200)
        if is_new:
            self.send_header("Set-Cookie", f"app={sid}; Path=/")
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
