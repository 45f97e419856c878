"""The embedded DynamoDB: moto's server made safe for many engines, in a process of its own, for trying and for tests.

It also answers for CloudWatch Logs, S3, Batch (without Docker), STS, auto-scaling and DynamoDB Streams. Everything
is kept in memory and is gone when it ends. moto runs conditional writes of several threads into each other, so
that two engines can win one item; here one lock lets one request in at a time. It is meant for a few thousand
items: beyond that, open another server with `--endpoint-url`.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

from pyanamo_tui.errors import MissingExtra, PyanamoError, ServiceUnavailable
from pyanamo_tui.local.tether import when_parent_ends

if TYPE_CHECKING:
    from types import TracebackType

HOST: Final = "127.0.0.1"
REGION: Final = "us-east-1"
START_SECONDS: Final = 60.0
"""How long the server may take until it answers; it takes about one second on an idle machine."""
STOP_SECONDS: Final = 5.0
EXIT_MISSING: Final = 69
_READY: Final = b"http://"
_OBJECTS_BEFORE_COLLECTION: Final = 50_000

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def dummy_environment(environment: Mapping[str, str], endpoint_url: str | None = None) -> dict[str, str]:
    """An environment in which AWS clients find dummy credentials only: no profile, role or key of the user.

    Args:
        environment: what to begin from, usually `os.environ`; its `AWS_*` and `PYANAMO_TUI_*` are left out.
        endpoint_url: where clients that name no endpoint shall go, so that none reaches AWS.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith(("AWS_", "PYANAMO_TUI_"))}
    dummy = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if endpoint_url is not None:
        dummy["AWS_ENDPOINT_URL"] = endpoint_url
    return {**kept, **dummy}


class OneAtATime:
    """A WSGI application that lets one request into another one at a time, and answers with the whole body."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.lock = threading.RLock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; WSGI's own protocol (PEP 3333)."""
        with self.lock:
            answer = self._application(environ, start_response)
            try:
                return [b"".join(answer)]
            finally:
                close = getattr(answer, "close", None)
                if close is not None:
                    close()


def _moto_application() -> Application:
    """moto's server as an application, Batch without Docker.

    Raises:
        MissingExtra: the packages of the `local` extra are not installed.
    """
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    try:
        from moto.core.config import default_user_config  # noqa: PLC0415 - an optional package
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - an optional package
            DomainDispatcherApplication,
            create_backend_app,
        )
    except ImportError as error:
        raise MissingExtra(
            f"The embedded DynamoDB is not installed ({error})", "Install it: pip install 'pyanamo-tui[local]'"
        ) from error
    default_user_config["batch"] = {"use_docker": False}
    application: Application = DomainDispatcherApplication(create_backend_app)
    return application


def _request_handler() -> type:
    """A request handler that keeps connections open and sends each answer at once.

    Werkzeug's own closes after each answer, and waits 10 ms before it does.
    """
    from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415 - an optional package

    class Handler(MotoRequestHandler):  # type: ignore[misc, unused-ignore]
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle_expect_100(self) -> bool:
            told: bool = super().handle_expect_100()
            self.wfile.flush()
            return told

        def run_wsgi(self) -> None:
            environ = self.make_environ()
            body = environ["wsgi.input"]
            chunked = environ.get("wsgi.input_terminated", False)
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"] = io.BytesIO(body.read() if chunked else body.read(length))
            status, headers = "500 Internal Server Error", [("Content-Type", "text/plain")]

            def start_response(told: str, fields: list[tuple[str, str]], *_: object) -> Callable[[bytes], None]:
                nonlocal status, headers
                status, headers = told, fields
                return environ["wsgi.input"].write  # type: ignore[no-any-return]

            try:
                answer = b"".join(self.server.app(environ, start_response))
            except Exception:  # whatever moto raises becomes its client's 500, and goes to our stderr
                traceback.print_exc()
                status, headers, answer = "500 Internal Server Error", [], b"The embedded server failed."
            self._send(environ["REQUEST_METHOD"], status, headers, answer)

        def _send(self, method: str, status: str, headers: list[tuple[str, str]], answer: bytes) -> None:
            code, _, reason = status.partition(" ")
            self.send_response(int(code), reason)
            names = {name.lower() for name, _ in headers}
            for name, value in headers:
                self.send_header(name, value)
            if "content-length" not in names and int(code) not in {204, 304}:
                self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if method != "HEAD":
                self.wfile.write(answer)
            self.wfile.flush()

        def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's signature
            """No request log."""

    return Handler


def serve(port: int, ready: Callable[[str], None], keep: Path | None = None) -> None:
    """Answer until the process ends.

    Args:
        port: 0 for any free one.
        ready: called with the URL once requests are taken.
        keep: a folder whose tables are served, and kept; None to begin empty and keep nothing.

    Raises:
        MissingExtra: the packages of the `local` extra are not installed.
        BadInput: what was kept in the folder is damaged.
        SystemExit: the port is taken, said on stderr.
    """
    one_at_a_time = OneAtATime(_moto_application())
    application: Application = one_at_a_time
    if keep is not None:
        application = _kept(one_at_a_time, keep)
    from werkzeug.serving import make_server  # noqa: PLC0415 - an optional package

    server = make_server(HOST, port, application, threaded=True, request_handler=_request_handler())
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION, 20, 100)
    ready(f"http://{HOST}:{server.server_port}")
    server.serve_forever()


def _kept(application: OneAtATime, folder: Path) -> Application:
    """The application with the folder's tables in it; saved while it runs, on SIGTERM, and when long idle."""
    from pyanamo_tui.local.keeper import Keeper  # noqa: PLC0415 - it stands on this module's types
    from pyanamo_tui.local.resident import IDLE_SECONDS  # noqa: PLC0415 - it starts this module

    keeper = Keeper(application, application.lock, folder)
    keeper.restore()

    def told(what: str) -> None:
        sys.stderr.write(what + "\n")
        sys.stderr.flush()

    def end() -> None:
        try:
            keeper.save()
        except PyanamoError as error:
            told(f"The last changes could not be saved: {error.message}")
            os._exit(error.exit_code)
        os._exit(0)

    signal.signal(signal.SIGTERM, lambda *_: end())
    signal.signal(signal.SIGINT, lambda *_: end())
    threading.Thread(target=keeper.keep_saving, args=(IDLE_SECONDS, end, told), name="keeper", daemon=True).start()
    return keeper


def _serve_folder(folder: Path) -> int:
    """Serve what is kept in a folder, as long as nobody else does; its address is left in the folder."""
    from pyanamo_tui.local.resident import (  # noqa: PLC0415 - it starts this module
        ADDRESS,
        EXIT_RUNNING,
        leave_address,
        take_folder,
    )

    if take_folder(folder) is None:
        return EXIT_RUNNING
    serve(_port_before(folder / ADDRESS), partial(leave_address, folder), folder)
    return 0


def _port_before(address: Path) -> int:
    """The port that the folder's server had last time, so that its address stays; 0 if it is taken or unknown."""
    try:
        port = int(json.loads(address.read_text(encoding="utf-8"))["endpoint_url"].rpartition(":")[2])
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((HOST, port))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return 0
    return port


def _announce(url: str) -> None:
    """Tell the parent where we are, then give stdout up: moto prints, and nobody reads the pipe any more."""
    sys.stdout.write(url + "\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """The server's own process; prints its URL, one line, when it is ready."""
    parser = argparse.ArgumentParser(description="The embedded DynamoDB of pyanamo-tui, on loopback only.")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--parent-pid", type=int, help="end with this process, which holds our standard input")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="serve what is kept there, and keep it")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    if options.parent_pid is not None:
        when_parent_ends(options.parent_pid, lambda: os._exit(0))
    try:
        if options.data is not None:
            return _serve_folder(options.data)
        serve(options.port, _announce)
    except PyanamoError as error:
        sys.stderr.write(error.message + "\n")
        return EXIT_MISSING if isinstance(error, MissingExtra) else error.exit_code
    return 0


class EmbeddedServer:
    """The embedded server as a child process of this one. It ends with this process, even with a killed one.

    Args:
        port: 0 for any free one.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._url = ""

    @property
    def endpoint_url(self) -> str:
        """Where it answers, e.g. `http://127.0.0.1:40123`; empty until it is started."""
        return self._url

    @property
    def pid(self) -> int | None:
        """The server's process, None when it is not running."""
        return None if self._process is None else self._process.pid

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment for processes that use this server: dummy credentials, and no way to AWS itself."""
        return dummy_environment(os.environ if base is None else base, self._url or None)

    def start(self) -> Self:
        """Start the server and wait until it answers.

        Raises:
            MissingExtra: the packages of the `local` extra are not installed.
            ServiceUnavailable: it ended, or did not answer in time; says its last words.
        """
        if self._process is not None:
            return self
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - stop() closes it
        command = [sys.executable, "-P", "-m", "pyanamo_tui.local.server"]
        self._process = subprocess.Popen(
            [*command, "--port", str(self._port), "--parent-pid", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dummy_environment(os.environ),
            start_new_session=True,
        )
        self._errors = errors
        try:
            self._url = self._first_line(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def _first_line(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        deadline, line = time.monotonic() + START_SECONDS, b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            readable, _, _ = select.select([process.stdout], [], [], max(0.0, left))
            chunk = os.read(process.stdout.fileno(), 1024) if readable else b""
            if not chunk:
                raise self._not_started(process, timed_out=not readable)
            line += chunk
        url = line.strip()
        if not url.startswith(_READY):
            raise self._not_started(process, timed_out=False)
        return url.decode()

    def _not_started(self, process: subprocess.Popen[bytes], *, timed_out: bool) -> PyanamoError:
        if timed_out:
            return ServiceUnavailable(
                f"The embedded DynamoDB did not answer within {START_SECONDS:.0f} s", "Is the machine very busy?"
            )
        code = process.wait(STOP_SECONDS)
        said = self._last_words()
        if code == EXIT_MISSING:
            return MissingExtra(said, "Install it: pip install 'pyanamo-tui[local]'")
        return ServiceUnavailable(f"The embedded DynamoDB did not start: {said or f'exit code {code}'}", "Try again.")

    def _last_words(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def stop(self) -> None:
        """End the server, and with it everything it held. Nothing happens if it is not running."""
        process, self._process, self._url = self._process, None, ""
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout, self._errors):
            if pipe is not None:
                pipe.close()
        self._errors = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()


if __name__ == "__main__":
    sys.exit(main())
