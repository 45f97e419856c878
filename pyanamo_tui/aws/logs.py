"""Reads one log from where large logs are kept: CloudWatch Logs or S3, from its end or from its start, as bytes.

The writing side is `logstore.py`. A place is named by a URI of ours, `cloudwatch://GROUP/STREAM` (STREAM
percent-encoded) or `s3://BUCKET/KEY`, or by the original's sentence in `Status` (docs/wire-format.md, "Logs").
"""

from __future__ import annotations

import re
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote

from botocore.exceptions import ClientError

from pyanamo_tui.aws.faults import calling, error_code
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.errors import Interrupted, ServiceRefused

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import GetLogEventsResponseTypeDef

RANGE_BYTES: Final = 256 * 1024
SMALL_PAGE: Final = 512 * 1024
"""Bytes under which a page of events, which holds up to 1 MB, is probably the whole of what is left."""
ORIGINAL_GROUP: Final = "/PyAnamo/"
_GZIP: Final = 16 + zlib.MAX_WBITS
_GZIP_MAGIC: Final = b"\x1f\x8b"
_CLOUDWATCH: Final = "cloudwatch://"
_S3: Final = "s3://"
_ORIGINAL_CLOUDWATCH: Final = re.compile(r"(?:Created|Updated) Cloudwatch (?:/PyAnamo/)(.+)\Z", re.DOTALL)
_ORIGINAL_S3: Final = re.compile(r"Compressed active log to S3 = (s3://.+)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a whole log is: a CloudWatch group and stream, or an S3 bucket and key.

    `split_lines` says that each event begins a line of its own, as the original's do; ours are pieces of one text.
    """

    service: str
    container: str
    name: str
    split_lines: bool = False

    def __str__(self) -> str:
        if self.service == "s3":
            return f"{_S3}{self.container}/{self.name}"
        return f"CloudWatch group {self.container}, stream {self.name}"


def place_of_uri(uri: str) -> Place | None:
    """Where a `Log_URI` or `Stderr_URI` points to, or None if it is of another kind."""
    if uri.startswith(_CLOUDWATCH):
        group, _, stream = uri.removeprefix(_CLOUDWATCH).rpartition("/")
        return Place("logs", group, unquote(stream)) if group and stream else None
    if uri.startswith(_S3):
        bucket, _, key = uri.removeprefix(_S3).partition("/")
        return Place("s3", bucket, key) if bucket and key else None
    return None


def place_of_status(status: str) -> Place | None:
    """Where the original's sentence in `Status` points to, or None if it points nowhere."""
    if found := _ORIGINAL_CLOUDWATCH.match(status.strip()):
        return Place("logs", ORIGINAL_GROUP, found.group(1), split_lines=True)
    if found := _ORIGINAL_S3.match(status.strip()):
        return place_of_uri(found.group(1))
    return None


class StoredLog(Protocol):
    """A whole log, wherever it is kept. Every method raises our errors."""

    @property
    def size(self) -> int | None:
        """Its bytes; None where that is not known."""
        ...

    def backwards(self) -> Iterator[tuple[bytes, bool]]:
        """Pieces of the log, the last first, each with whether it is known to be the log's beginning."""
        ...

    def forwards(self) -> Iterator[bytes]:
        """Pieces of the log in their order."""
        ...

    def close(self) -> None:
        """Give back what is held for reading."""
        ...


def open_log(connection: Connection, place: Place, cancelled: Callable[[], bool] = lambda: False) -> StoredLog:
    """The log at a place; of a compressed one nothing can be read from the end, so it is fetched whole, to disk.

    Raises:
        NotFound: it has expired, was deleted or never was.
        PermissionDenied: naming the action.
        Interrupted: `cancelled` said so while it was being fetched.
    """
    if place.service == "logs":
        return CloudWatchLog(connection, place)
    plain = S3Log(connection, place)
    return UnpackedLog(connection, place, cancelled) if plain.compressed() else plain


class CloudWatchLog:
    """The events of one stream, by its exact name (AWS: "GetLogEvents")."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection = connection
        self._place = place
        self._forward: str | None = None

    @property
    def size(self) -> None:
        """CloudWatch Logs does not tell how much a stream holds."""
        return

    def _page(self, token: str | None, *, from_head: bool) -> GetLogEventsResponseTypeDef:
        extra: Any = {} if token is None else {"nextToken": token}
        with calling("logs", f"log stream {self._place.container}:{self._place.name}"):
            return self._connection.logs.get_log_events(
                logGroupName=self._place.container,
                logStreamName=self._place.name,
                startFromHead=from_head,
                **extra,
            )

    def _text(self, answer: GetLogEventsResponseTypeDef) -> bytes:
        messages = [event.get("message", "") for event in answer["events"]]
        if self._place.split_lines:
            messages = [message if message.endswith("\n") else message + "\n" for message in messages]
        return "".join(messages).encode(errors="replace")

    def backwards(self) -> Iterator[tuple[bytes, bool]]:
        """Pieces from the end; the first also marks where `new` goes on from."""
        answer = self._page(None, from_head=False)
        self._forward = answer["nextForwardToken"]
        text = self._text(answer)
        # A full page is shown at once; behind a small one there is hardly another, and asking tells.
        if len(text) >= SMALL_PAGE:
            yield text, False
            text = b""
        while True:
            token = answer["nextBackwardToken"]
            answer = self._page(token, from_head=False)
            before = self._text(answer)
            # The end is told by the token that was given coming back.
            ended = answer["nextBackwardToken"] == token
            if text and (before or ended):
                yield text, ended and not before
                text = b""
            text = before or text
            if ended:
                break
        if text:
            yield text, True

    def forwards(self) -> Iterator[bytes]:
        """Pieces from the start."""
        token: str | None = None
        while True:
            answer = self._page(token, from_head=True)
            if text := self._text(answer):
                yield text
            if answer["nextForwardToken"] == token:
                return
            token = answer["nextForwardToken"]

    def new(self) -> bytes:
        """What was written since the last call, or since `backwards` began."""
        answer = self._page(self._forward, from_head=True)
        self._forward = answer["nextForwardToken"]
        return self._text(answer)

    def close(self) -> None:
        """Nothing is held."""


class S3Log:
    """A plain object, read by ranges."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection = connection
        self._place = place
        self._size: int | None = None

    @property
    def size(self) -> int | None:
        """Bytes of the object, once anything of it was read."""
        return self._size

    def _get(self, byte_range: str) -> tuple[bytes, int]:
        """Some bytes and the size of the whole; nothing of an empty object, which has no ranges."""
        with calling("s3", str(self._place)):
            try:
                answer = self._connection.s3.get_object(
                    Bucket=self._place.container, Key=self._place.name, Range=byte_range
                )
            except ClientError as error:
                if error_code(error) == "InvalidRange":
                    return b"", 0
                raise
            body = answer["Body"].read()
        total = answer.get("ContentRange", "").rpartition("/")[2]
        return body, int(total) if total.isdigit() else len(body)

    def compressed(self) -> bool:
        """Whether it is gzip, by its first bytes: names do not tell."""
        start, self._size = self._get("bytes=0-1")
        return start == _GZIP_MAGIC

    def backwards(self) -> Iterator[tuple[bytes, bool]]:
        """Ranges from the end."""
        if self._size is None:
            self._size = self._get("bytes=0-0")[1]
        end = self._size
        while end > 0:
            start = max(0, end - RANGE_BYTES)
            yield self._get(f"bytes={start}-{end - 1}")[0], start == 0
            end = start

    def forwards(self) -> Iterator[bytes]:
        """The object as it streams in."""
        with calling("s3", str(self._place)):
            body = self._connection.s3.get_object(Bucket=self._place.container, Key=self._place.name)["Body"]
            yield from body.iter_chunks(RANGE_BYTES)

    def close(self) -> None:
        """Nothing is held."""


class UnpackedLog:
    """A gzip object, unpacked as it streams in to a file that has no name and goes with this object."""

    def __init__(self, connection: Connection, place: Place, cancelled: Callable[[], bool]) -> None:
        # It outlives this method: `close` gives it back, or the end of this object does.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        try:
            for piece in _unpacked(S3Log(connection, place).forwards(), place):
                if cancelled():
                    raise Interrupted(f"Reading {place} was stopped")
                self._file.write(piece)
        except BaseException:
            self._file.close()
            raise
        self._size = self._file.tell()

    @property
    def size(self) -> int:
        """Bytes of the log, unpacked."""
        return self._size

    def backwards(self) -> Iterator[tuple[bytes, bool]]:
        """Pieces from the end."""
        end = self._size
        while end > 0:
            start = max(0, end - RANGE_BYTES)
            self._file.seek(start)
            yield self._file.read(end - start), start == 0
            end = start

    def forwards(self) -> Iterator[bytes]:
        """Pieces from the start."""
        at = 0
        while at < self._size:
            self._file.seek(at)
            piece = self._file.read(RANGE_BYTES)
            at += len(piece)
            yield piece

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def _unpacked(pieces: Iterator[bytes], place: Place) -> Iterator[bytes]:
    """Gunzip a stream of one or several members, with memory for a piece.

    Raises:
        ServiceRefused: it is damaged or cut short.
    """
    unpacking = zlib.decompressobj(_GZIP)
    for piece in pieces:
        rest = piece
        while rest:
            if unpacking.eof:
                unpacking = zlib.decompressobj(_GZIP)
            try:
                yield unpacking.decompress(rest, RANGE_BYTES * 16)
            except zlib.error as error:
                raise _damaged(place) from error
            rest = unpacking.unused_data or unpacking.unconsumed_tail
    if not unpacking.eof:
        raise _damaged(place)


def _damaged(place: Place) -> ServiceRefused:
    return ServiceRefused(f"The log at {place} is not whole gzip", "Fetch it with the AWS CLI to look at what is left.")
