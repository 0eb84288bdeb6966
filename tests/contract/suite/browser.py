# SPDX-License-Identifier: Apache-2.0
"""What a browser is for the driver: requests with one cookie, each on a connection of its own."""
import dataclasses
import http.client
import json

TIMEOUT = 30.0


@dataclasses.dataclass
class Response:
    status: int
    body: bytes
    headers: list[tuple[str, str]]

    def json(self):
        return json.loads(self.body)

    def cookie(self, name):
        """The value that Set-Cookie gives; None without one."""
        for header, value in self.headers:
            if header.lower() == 'set-cookie' and value.startswith(name + '='):
                return value[len(name) + 1:].split(';')[0]
        return None


class Browser:
    def __init__(self, port, cookie_name):
        self.port = port
        self.cookie_name = cookie_name
        self.cookie = ''

    def clone(self, port=None):
        """Another one with the same cookie."""
        other = Browser(port or self.port, self.cookie_name)
        other.cookie = self.cookie
        return other

    def ask(self, method, target, body=None, headers=None):
        sent = dict(headers or {}, Connection='close')
        if self.cookie:
            sent['Cookie'] = f'{self.cookie_name}={self.cookie}'
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=TIMEOUT)
        try:
            connection.request(method, target, body=body, headers=sent)
            answer = connection.getresponse()
            response = Response(answer.status, answer.read(), answer.getheaders())
        except http.client.HTTPException as failure:
            raise OSError(f'{method} {target}: {failure!r}') from failure
        finally:
            connection.close()
        cookie = response.cookie(self.cookie_name)
        if cookie is not None:
            self.cookie = cookie
        return response

    def get(self, target, **more):
        return self.ask('GET', target, **more)

    def post(self, target, body=b'', **more):
        return self.ask('POST', target, body=body, **more)

    def expect(self, status, method, target, **more):
        """The response, which has this status."""
        response = self.ask(method, target, **more)
        assert response.status == status, \
            f'{method} {target}: {response.status}, not {status}: {response.body[:200]!r}'
        return response

    def count(self):
        return self.expect(200, 'POST', '/count', body=b'').json()
