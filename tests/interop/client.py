# SPDX-License-Identifier: Apache-2.0
"""client.py HOST PORT [CERTIFICATE]: requests of every kind on one kept HTTP/1.1 connection."""
import http.client
import ssl
import sys

host, port = sys.argv[1], int(sys.argv[2])
if len(sys.argv) > 3:
    context = ssl.create_default_context(cafile=sys.argv[3])
    connection = http.client.HTTPSConnection(host, port, context=context)
else:
    connection = http.client.HTTPConnection(host, port)
for _ in range(100):
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.read(), answer.status
connection.request("HEAD", "/")
answer = connection.getresponse()
assert answer.status == 200 and not answer.read(), answer.status
body = b"0123456789abcdef" * 20000
connection.request("POST", "/echo", body, {"Content-Type": "application/octet-stream"})
answer = connection.getresponse()
assert answer.status == 200 and answer.read() == body, answer.status
connection.request("POST", "/echo", iter([body[:1000], body[1000:]]), encode_chunked=True,
                   headers={"Transfer-Encoding": "chunked"})
answer = connection.getresponse()
assert answer.status == 200 and answer.read() == body, answer.status
print("103 answers")
