#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC through the proxy: unary calls, streams in one and in both directions, trailers, errors and
deadlines, over h2c and over TLS with ALPN, with members that speak h2c and TLS.

    tests/interop/grpc_through_proxy.py [PATH OF understudy]

`tests/interop/run grpc` installs what it needs and runs it. By itself it needs Debian's
python3-grpcio, and says so when it is missing. Listens on loopback only, at ports that the kernel
chooses.
"""
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent import futures

try:
    import grpc
except ImportError:
    print("skipped: python3-grpcio is not installed")
    sys.exit(0)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MESSAGE_BYTES = 200_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- The member. Messages are plain bytes, so that no compiler of .proto files is needed.


def unary(request, context):
    context.send_initial_metadata((("x-initial", "i"),))
    context.set_trailing_metadata((("x-trailing", "t"), ("x-binary-bin", b"\x00\xff")))
    return b"echo " + request


def fail(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no: " + request.decode())


def count(request, context):
    for number in range(int(request)):
        yield str(number).encode()


def total(requests, context):
    return str(sum(len(each) for each in requests)).encode()


def chat(requests, context):
    for each in requests:
        yield b"you said " + each
    context.set_trailing_metadata((("x-said", "all"),))


def forever(request, context):
    while context.is_active():
        yield b"x" * 1000
        time.sleep(0.01)


def make_server(bind):
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Count": grpc.unary_stream_rpc_method_handler(count),
        "Total": grpc.stream_unary_rpc_method_handler(total),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
        "Forever": grpc.unary_stream_rpc_method_handler(forever),
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.Test", handlers),))
    port = bind(server)
    server.start()
    return server, port


# --- The calls.


def check(name, got, wanted):
    if got != wanted:
        raise SystemExit(f"FAILED: {name}: got {got!r}, wanted {wanted!r}")
    print(f"  ok: {name}")


def converse(channel):
    method = lambda kind, name: getattr(channel, kind)("/t.Test/" + name)
    reply, call = method("unary_unary", "Unary").with_call(b"hi", timeout=10)
    check("unary reply", reply, b"echo hi")
    check("initial metadata", dict(call.initial_metadata()).get("x-initial"), "i")
    check("trailing metadata", dict(call.trailing_metadata()).get("x-trailing"), "t")
    check("binary metadata", dict(call.trailing_metadata()).get("x-binary-bin"), b"\x00\xff")
    large = os.urandom(MESSAGE_BYTES)
    check("large message", method("unary_unary", "Unary")(large, timeout=20), b"echo " + large)
    try:
        method("unary_unary", "Fail")(b"why", timeout=10)
        raise SystemExit("FAILED: an error status was lost")
    except grpc.RpcError as error:
        check("error status", error.code(), grpc.StatusCode.FAILED_PRECONDITION)
        check("error message", error.details(), "no: why")
    try:
        method("unary_unary", "Unknown")(b"", timeout=10)
        raise SystemExit("FAILED: an unknown method was answered")
    except grpc.RpcError as error:
        check("trailers only", error.code(), grpc.StatusCode.UNIMPLEMENTED)
    numbers = list(method("unary_stream", "Count")(b"500", timeout=20))
    check("server streaming", numbers, [str(number).encode() for number in range(500)])
    sent = [b"x" * 1000] * 300
    check("client streaming", method("stream_unary", "Total")(iter(sent), timeout=20), b"300000")

    # Each message waits for the answer to the one before: nothing may be held back on the way.
    heard = threading.Semaphore(0)

    def say():
        for number in range(20):
            yield str(number).encode()
            heard.acquire(timeout=10)

    call = method("stream_stream", "Chat")(say(), timeout=30)
    for number, reply in enumerate(call):
        if reply != b"you said " + str(number).encode():
            raise SystemExit(f"FAILED: chat said {reply!r}")
        heard.release()
    check("conversation", dict(call.trailing_metadata()).get("x-said"), "all")

    call = method("unary_stream", "Forever")(b"")
    for _ in range(5):
        next(call)
    call.cancel()
    try:
        for _ in call:
            pass
    except grpc.RpcError as error:
        check("cancel", error.code(), grpc.StatusCode.CANCELLED)
    call = method("unary_stream", "Forever")(b"", timeout=0.5)
    try:
        for _ in call:
            pass
    except grpc.RpcError as error:
        check("deadline", error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

    calls = [method("unary_unary", "Unary").future(str(n).encode(), timeout=20) for n in range(300)]
    check("many at once", [c.result() for c in calls], [b"echo %d" % n for n in range(300)])


# --- The site.


def make_certificates(directory):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "2", "-subj", "/CN=authority")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "own.key", "-out", "own.csr",
            "-subj", "/CN=localhost")
    with open(os.path.join(directory, "names"), "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "own.pem", "-days", "1", "-extfile", "names")


def read(directory, name):
    with open(os.path.join(directory, name), "rb") as file:
        return file.read()


def start_proxy(program, directory, plain_member, secure_member):
    ports = {"h2c": free_port(), "tls": free_port()}
    config = os.path.join(directory, "proxy.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"""
Workers 2
Listen 127.0.0.1:{ports['h2c']}
Listen 127.0.0.1:{ports['tls']}
SessionCookieFormat route
<VirtualHost *:{ports['h2c']}>
  Protocols h2c http/1.1
  <Location />
    BackendProtocol h2
    BalancerMember 127.0.0.1:{plain_member}
  </Location>
</VirtualHost>
<VirtualHost *:{ports['tls']}>
  Protocols h2 http/1.1
  SSLEngine On
  SSLCertificateFile own.pem
  SSLCertificateKeyFile own.key
  <Location />
    BackendProtocol auto
    BalancerMember https://127.0.0.1:{secure_member}
    SSLProxyCACertificateFile ca.pem
  </Location>
</VirtualHost>
""")
    proxy = subprocess.Popen([program, "run", "-c", config])
    for port in ports.values():
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            proxy.kill()
            raise SystemExit("FAILED: the proxy does not listen")
    return proxy, ports


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT + "/build/release/bin/understudy"
    if not os.access(program, os.X_OK):
        raise SystemExit(f"{program} is not there; build it, or name it as the argument")
    with tempfile.TemporaryDirectory(prefix="grpc-") as directory:
        make_certificates(directory)
        key, certificate = read(directory, "own.key"), read(directory, "own.pem")
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        plain, plain_port = make_server(lambda s: s.add_insecure_port("127.0.0.1:0"))
        secure, secure_port = make_server(
            lambda s: s.add_secure_port("127.0.0.1:0", credentials))
        proxy, ports = start_proxy(program, directory, plain_port, secure_port)
        try:
            print("h2c to the proxy, h2c to the member")
            with grpc.insecure_channel(f"127.0.0.1:{ports['h2c']}") as channel:
                converse(channel)
            print("TLS to the proxy, TLS to the member")
            trust = grpc.ssl_channel_credentials(read(directory, "ca.pem"))
            with grpc.secure_channel(f"localhost:{ports['tls']}", trust) as channel:
                converse(channel)
        finally:
            proxy.terminate()
            proxy.wait(timeout=30)
            plain.stop(None)
            secure.stop(None)
    print("all passed")


if __name__ == "__main__":
    main()
