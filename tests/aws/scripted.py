"""A server that answers as it is told, for errors that no stand-in gives at will."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Scripted:
    """A server that answers every request with one status and body, and keeps the operations asked for."""

    def __init__(self) -> None:
        self.status = 400
        self.body: dict[str, object] = {}
        self.asked: list[str] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                scripted.asked.append(self.headers.get("X-Amz-Target", "").rpartition(".")[2])
                body = json.dumps(scripted.body).encode()
                self.send_response(scripted.status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """No request log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fails(self, code: str, message: str = "no", status: int = 400, **more: object) -> None:
        """Fail every request from now on."""
        self.status = status
        self.body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **more}


def scripted_server() -> Iterator[Scripted]:
    """One, ended afterwards."""
    server = Scripted()
    yield server
    server.server.shutdown()
    server.server.server_close()
