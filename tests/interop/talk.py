#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Long conversations in which both sides count and check every message.

    talk.py member GRPC-PORT WEBSOCKET-PORT       answers both kinds, until it is killed
    talk.py grpc HOST:PORT SECONDS [CERTIFICATE]  one gRPC call, streaming both ways
    talk.py websocket URL SECONDS [CERTIFICATE]   one WebSocket over HTTP/1.1

Message N is as in text(): a lost, doubled, altered or late one ends the conversation with an error.
"""
import asyncio
import queue
import ssl
import sys
import time
from concurrent import futures

import grpc
import websockets

PAUSE_SECONDS = 0.1
LARGE_EACH = 50
LARGE_CHARS = 100_000


def text(number):
    size = LARGE_CHARS if number % LARGE_EACH == 0 else number % 97
    return f"{number} " + "x" * size


def expect(got, number):
    if got != text(number):
        raise SystemExit(f"message {number}: got {len(got)} characters, {got[:40]!r}")


# --- The member.


def answer_call(requests, context):
    count = 0
    for request in requests:
        if request.decode() != text(count):
            context.abort(grpc.StatusCode.DATA_LOSS, f"message {count} came as {request[:40]!r}")
        yield request
        count += 1
    context.set_trailing_metadata((("x-count", str(count)),))


async def answer_socket(socket, _path=None):
    count = 0
    async for message in socket:
        if message == f"bye {count}":
            await socket.send(message)
            return
        if message != text(count):
            await socket.close(1007, f"message {count} came as {message[:40]!r}")
            return
        await socket.send(message)
        count += 1


async def serve(grpc_port, websocket_port):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    handler = grpc.stream_stream_rpc_method_handler(answer_call)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("t.Talk", {"Talk": handler}),))
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    server.start()
    async with websockets.serve(answer_socket, "127.0.0.1", websocket_port):
        await asyncio.Future()


# --- The clients.


def talk_grpc(target, seconds, certificate):
    if certificate:
        with open(certificate, "rb") as file:
            trust = grpc.ssl_channel_credentials(file.read())
        channel = grpc.secure_channel(target, trust)
    else:
        channel = grpc.insecure_channel(target)
    said = queue.Queue()
    call = channel.stream_stream("/t.Talk/Talk")(iter(said.get, None), timeout=seconds + 60)
    end = time.monotonic() + seconds
    number = 0
    replies = iter(call)
    while time.monotonic() < end:
        said.put(text(number).encode())
        expect(next(replies).decode(), number)
        number += 1
        time.sleep(PAUSE_SECONDS)
    said.put(None)
    for rest in replies:
        raise SystemExit(f"behind the end: {rest[:40]!r}")
    counted = dict(call.trailing_metadata()).get("x-count")
    if call.code() != grpc.StatusCode.OK or counted != str(number):
        raise SystemExit(f"{call.code()}, the member counted {counted} of {number}")
    return number


async def talk_websocket(url, seconds, certificate):
    trust = ssl.create_default_context(cafile=certificate) if certificate else None
    async with websockets.connect(url, ssl=trust) as socket:
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            await socket.send(text(number))
            expect(await socket.recv(), number)
            number += 1
            await asyncio.sleep(PAUSE_SECONDS)
        await socket.send(f"bye {number}")
        if await socket.recv() != f"bye {number}":
            raise SystemExit("the member counted otherwise")
        await socket.wait_closed()
        if socket.close_code != 1000:
            raise SystemExit(f"closed with {socket.close_code} {socket.close_reason}")
    return number


def main():
    kind, rest = sys.argv[1], sys.argv[2:]
    if kind == "member":
        asyncio.run(serve(int(rest[0]), int(rest[1])))
        return
    certificate = rest[2] if len(rest) > 2 else None
    if kind == "grpc":
        number = talk_grpc(rest[0], float(rest[1]), certificate)
    else:
        number = asyncio.run(talk_websocket(rest[0], float(rest[1]), certificate))
    print(f"{number} messages each way")


if __name__ == "__main__":
    main()
