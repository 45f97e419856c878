"""A TCP proxy between a client and an AWS stand-in that makes the network bad on purpose: the tests' own."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

_READ: Final = 65536
THROTTLED: Final = (
    b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",'
    b'"message":"The level of configured provisioned throughput was exceeded"}'
)
EXPIRED: Final = (
    b'{"__type":"com.amazon.coral.service#ExpiredTokenException",'
    b'"message":"The security token included in the request is expired"}'
)


@dataclass
class Faults:
    """What goes wrong, each as a probability a request; may be changed while the proxy runs.

    `lost_answers` lets the request through and breaks the connection instead of answering; `only` limits the faults,
    being paused too, to requests whose bytes it accepts.
    """

    throttle: float = 0.0
    expired: float = 0.0
    reset: float = 0.0
    lost_answers: float = 0.0
    latency: float = 0.0
    paused: bool = False
    only: Callable[[bytes], bool] = lambda _: True


class FaultProxy:
    """Listens on a free loopback port and hands requests on to another. Counts what it did.

    Args:
        upstream_url: where requests go. May be changed while it runs: a server that starts again has another port.
        faults: what goes wrong.
        seed: of the chances.
        elsewhere: where requests go that are none of DynamoDB's, for a stand-in that is nothing else.
    """

    def __init__(
        self, upstream_url: str, faults: Faults | None = None, seed: int = 0, elsewhere: str | None = None
    ) -> None:
        self.upstream_url = upstream_url
        self._elsewhere = elsewhere
        self.faults = faults or Faults()
        self.injected: dict[str, int] = {"throttle": 0, "expired": 0, "reset": 0, "lost_answers": 0}
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._over.is_set():
            ready, _, _ = select.select([self._listener], [], [], 0.1)
            if ready:
                with contextlib.suppress(OSError):
                    client, _ = self._listener.accept()
                    threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        servers: dict[str, socket.socket] = {}
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            stack.enter_context(client)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self._over.is_set():
                request = _message(client)
                if not request:
                    return
                url = self._way_of(request)
                if url not in servers:
                    try:
                        servers[url] = stack.enter_context(_connect(url))
                    except ConnectionRefusedError:
                        _break(client)
                        return
                if not self._exchange(client, servers[url], request):
                    return

    def _way_of(self, request: bytes) -> str:
        if self._elsewhere is None or b"DynamoDB" in request.partition(b"\r\n\r\n")[0]:
            return self.upstream_url
        return self._elsewhere

    def _exchange(self, client: socket.socket, server: socket.socket, request: bytes) -> bool:
        """Answer one request, badly perhaps; whether the connection goes on."""
        while self.faults.paused and self.faults.only(request) and not self._over.is_set():
            time.sleep(0.02)
        if self.faults.latency:
            time.sleep(self.faults.latency)
        fault = self._choose(request)
        if fault == "reset":
            _break(client)
            return False
        if fault in {"throttle", "expired"}:
            body = THROTTLED if fault == "throttle" else EXPIRED
            client.sendall(
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            return True
        server.sendall(request)
        answer = _message(server)
        if fault == "lost_answers":
            _break(client)
            return False
        client.sendall(answer)
        return bool(answer)

    def _choose(self, request: bytes) -> str | None:
        if not self.faults.only(request):
            return None
        with self._lock:
            for name in self.injected:
                if self._chance.random() < getattr(self.faults, name):
                    self.injected[name] += 1
                    return name
        return None


def _connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    server = socket.create_connection((parts.hostname, parts.port), timeout=60)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server


def _break(client: socket.socket) -> None:
    """Close with a reset, as a failing network does."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def _message(connection: socket.socket) -> bytes:
    """One whole HTTP message, of a given length or in chunks; nothing when the other side is gone."""
    received = bytearray()
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(_READ)
        if not chunk:
            return b""
        received += chunk
        if b"100-continue" in received.lower() and received.endswith(b"\r\n\r\n"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
        if name.strip().lower() == b"transfer-encoding" and value.strip().lower() == b"chunked":
            return _chunked(connection, received, len(head) + 4)
    missing = length - len(body)
    while missing > 0:
        chunk = connection.recv(min(_READ, missing))
        if not chunk:
            return b""
        received += chunk
        missing -= len(chunk)
    return bytes(received).replace(b"Expect: 100-continue\r\n", b"", 1)


def _chunked(connection: socket.socket, received: bytearray, at: int) -> bytes:
    """A message to its last chunk; `at` is where the first one begins."""
    while True:
        end = received.find(b"\r\n", at)
        whole = -1 if end < 0 else end + 2 + int(received[at:end].partition(b";")[0], 16) + 2
        if whole < 0 or len(received) < whole:
            more = connection.recv(_READ)
            if not more:
                return b""
            received += more
        elif whole == end + 4:
            return bytes(received)
        else:
            at = whole
