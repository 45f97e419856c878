"""A door between a client and an AWS stand-in that answers in its stead when told to, and remembers who came through.

What AWS itself would refuse (permissions, expired sessions, throttling with its reasons) no stand-in refuses.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One request: DynamoDB's operation or the path of other services, the access key it was signed with, its body."""

    operation: str
    access_key: str
    body: dict[str, Any]


def refusal(code: str, message: str = "no", **more: object) -> Answer:
    """An error as AWS's JSON services give it."""
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **more}


def _json(body: bytes) -> dict[str, Any]:
    """The body of a request of a JSON service; empty for STS, whose requests are forms."""
    found: dict[str, Any] = json.loads(body) if body.startswith(b"{") else {}
    return found


@dataclass
class Gate:
    """Listens on a free port of loopback. `answer` may give an answer instead of the stand-in's, None to let pass.

    While `closed`, connections are broken without an answer. `seen` counts requests by operation.
    """

    upstream: str
    answer: Callable[[Call], Answer | None] = lambda _: None
    closed: bool = False
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        gate = self

        class _Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                gate._serve(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def refuse(self, operation: str, code: str, message: str = "no", **more: object) -> None:
        """Refuse one operation from now on, and let all others pass."""
        self.answer = lambda call: refusal(code, message, **more) if call.operation == operation else None

    def let_pass(self) -> None:
        """Let everything pass from now on."""
        self.answer = lambda _: None

    def _serve(self, door: BaseHTTPRequestHandler) -> None:
        body = door.rfile.read(int(door.headers.get("Content-Length", 0)))
        key = re.search(r"Credential=([^/]+)/", door.headers.get("Authorization", ""))
        call = Call(
            operation=door.headers.get("X-Amz-Target", door.path).rpartition(".")[2],
            access_key=key.group(1) if key else "",
            body=_json(body),
        )
        self.seen[call.operation] += 1
        if self.closed:
            door.close_connection = True
            door.connection.shutdown(socket.SHUT_RDWR)
            return
        told = self.answer(call)
        if told is not None:
            self._send(door, told[0], json.dumps(told[1]).encode())
            return
        place = urlsplit(self.upstream)
        forward = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        try:
            headers = {name: value for name, value in door.headers.items() if name.lower() != "connection"}
            forward.request("POST", door.path, body, headers)
            answer = forward.getresponse()
            self._send(door, answer.status, answer.read())
        finally:
            forward.close()

    def _send(self, door: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        door.send_response(status)
        door.send_header("Content-Type", "application/x-amz-json-1.0")
        door.send_header("Content-Length", str(len(body)))
        door.end_headers()
        door.wfile.write(body)
