"""Puts one log where large logs are kept: CloudWatch Logs, or S3 as gzip. The reading side is `logs.py`.

A log in CloudWatch Logs is the concatenation of its stream's events, in their order: events carry their own line ends.
Limits are those of AWS's documents "PutLogEvents" and "Amazon S3 multipart upload limits".
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from botocore.exceptions import ClientError

from pyanamo_tui.aws.faults import calling, error_code
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.errors import Interrupted
from pyanamo_tui.workflow.printable import decode_output

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

LOG_GROUP: Final = "/PyAnamo/"
"""The group that the original engine writes to (docs/wire-format.md, "Logs")."""

EVENT_OVERHEAD: Final = 26
BATCH_BYTES: Final = 1_048_576
BATCH_EVENTS: Final = 10_000
EVENT_BYTES: Final = 16 * 1024
"""Ours, far under the limit of an event: a page of a log, that consoles show whole."""
STREAM_NAME_LENGTH: Final = 512
PART_BYTES: Final = 8 * 1024 * 1024
"""S3 takes parts from 5 MB, 10,000 of them: this allows 80 GB compressed."""
_READ_BYTES: Final = 1024 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_UNCLEAN: Final = re.compile(r"[^A-Za-z0-9_.=+@,-]")
_PART_LENGTH: Final = 100


def clean_part(text: str) -> str:
    """One part of a stream's name or key, made of any text: plain letters, digits and `_.=+@,-`, at most 100 of them.

    Where something had to be changed or cut, eight digits made from the whole text keep two names apart.
    """
    cleaned = _UNCLEAN.sub("_", text)
    if cleaned.strip("."):
        if cleaned == text and len(text) <= _PART_LENGTH:
            return cleaned
    else:
        cleaned = "_"
    mark = blake2b(text.encode(errors="surrogatepass"), digest_size=4).hexdigest()
    return f"{cleaned[: _PART_LENGTH - len(mark) - 1]}-{mark}"


def _chunks(path: Path, start: int, cancelled: Callable[[], bool]) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(_READ_BYTES):
            if cancelled():
                raise Interrupted("The log was not kept whole: the engine had to stop")
            yield chunk


def events(chunks: Iterable[bytes]) -> Iterator[str]:
    """A log as the texts of its events: up to 16 KB each, cut at line ends where there are any, never empty."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        while len(rest) >= EVENT_BYTES:
            cut = rest.rfind(b"\n", 0, EVENT_BYTES) + 1 or _character_end(rest, EVENT_BYTES)
            yield decode_output(rest[:cut])
            rest = rest[cut:]
    if rest:
        yield decode_output(rest)


def _character_end(text: bytes, limit: int) -> int:
    """The last place up to `limit` that is not inside a UTF-8 character."""
    for cut in range(limit, limit - 4, -1):
        if cut < len(text) and text[cut] & 0xC0 != 0x80:  # noqa: PLR2004 - UTF-8's mark of a following byte
            return cut
    return limit


def batches(texts: Iterable[str], first_time: int) -> Iterator[list[InputLogEventTypeDef]]:
    """Events grouped as `PutLogEvents` takes them; their times rise by a millisecond so that their order is kept."""
    batch: list[InputLogEventTypeDef] = []
    size = 0
    for index, text in enumerate(texts):
        counted = len(text.encode()) + EVENT_OVERHEAD
        if batch and (size + counted > BATCH_BYTES or len(batch) == BATCH_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append({"timestamp": first_time + index, "message": text})
        size += counted
    if batch:
        yield batch


class LogStore:
    """Writes logs for one connection. Every method raises our errors; nothing here retries beyond boto3's own.

    Args:
        connection: where to.
        bucket: S3 bucket for the largest, or None.
        key_prefix: first part of their keys.
        clock: epoch seconds.
    """

    def __init__(
        self, connection: Connection, bucket: str | None, key_prefix: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._connection = connection
        self.bucket = bucket
        self._prefix = key_prefix.strip("/")
        self._clock = clock

    def to_cloudwatch(
        self, parts: Iterable[str], path: Path, *, start: int = 0, cancelled: Callable[[], bool] = lambda: False
    ) -> str:
        """Put a file, from a byte on, into its own stream; gives `cloudwatch://GROUP/STREAM`, STREAM percent-encoded.

        Args:
            parts: what names the stream: table, item, task, attempt, stdout or stderr. Each is cleaned.
            path: the log.
            start: the first byte to put.
            cancelled: asked between requests; True stops with Interrupted.

        Raises:
            Interrupted: `cancelled` said so; what was put stays.
            PermissionDenied, ServiceUnavailable and the like: CloudWatch Logs refused or could not be reached.
        """
        stream = "/".join(clean_part(part) for part in parts)[:STREAM_NAME_LENGTH]
        with calling("logs", f"log group {LOG_GROUP}"):
            self._make_stream(stream)
            for batch in batches(events(_chunks(path, start, cancelled)), int(self._clock() * 1000)):
                self._connection.logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=batch)
        return f"cloudwatch://{LOG_GROUP}/{quote(stream, safe='')}"

    def _make_stream(self, stream: str) -> None:
        client = self._connection.logs
        for _ in range(2):
            try:
                client.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
            except ClientError as error:
                match error_code(error):
                    case "ResourceAlreadyExistsException":
                        return
                    case "ResourceNotFoundException":
                        self._make_group()
                    case _:
                        raise
            else:
                return

    def _make_group(self) -> None:
        try:
            self._connection.logs.create_log_group(logGroupName=LOG_GROUP)
        except ClientError as error:
            if error_code(error) != "ResourceAlreadyExistsException":
                raise

    def to_s3(self, parts: Iterable[str], path: Path, *, cancelled: Callable[[], bool] = lambda: False) -> str:
        """Put a whole file into the bucket as gzip, in parts, with memory for one part; gives `s3://BUCKET/KEY`.

        Args:
            parts: what names the key, after the prefix. Each is cleaned.
            path: the log.
            cancelled: asked between parts; True stops with Interrupted, and nothing is left in the bucket.

        Raises:
            Interrupted: `cancelled` said so.
            ValueError: there is no bucket.
            PermissionDenied, ServiceUnavailable and the like: S3 refused or could not be reached.
        """
        if self.bucket is None:
            raise ValueError("no bucket is given")
        names = [self._prefix] if self._prefix else []
        key = "/".join([*names, *(clean_part(part) for part in parts)]) + ".log.gz"
        compressed = _compressed(_chunks(path, 0, cancelled))
        first = next(compressed, b"")
        with calling("s3", f"bucket {self.bucket}"):
            second = next(compressed, None)
            if second is None:
                self._connection.s3.put_object(Bucket=self.bucket, Key=key, Body=first, ContentType="application/gzip")
            else:
                self._in_parts(key, _chain(first, second, compressed))
        return f"s3://{self.bucket}/{key}"

    def _in_parts(self, key: str, pieces: Iterator[bytes]) -> None:
        client: Any = self._connection.s3
        where = {"Bucket": self.bucket, "Key": key}
        upload = client.create_multipart_upload(**where, ContentType="application/gzip")["UploadId"]
        done: list[Any] = []
        try:
            for number, piece in enumerate(pieces, start=1):
                answer = client.upload_part(**where, UploadId=upload, PartNumber=number, Body=piece)
                done.append({"PartNumber": number, "ETag": answer["ETag"]})
            client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": done})
        except BaseException:
            client.abort_multipart_upload(**where, UploadId=upload)
            raise


def _chain(first: bytes, second: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from others


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Gzip of the chunks, in pieces of at least a part's size but the last."""
    squeezing = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    held = bytearray()
    for chunk in chunks:
        held += squeezing.compress(chunk)
        if len(held) >= PART_BYTES:
            yield bytes(held)
            held.clear()
    held += squeezing.flush()
    if held:
        yield bytes(held)
