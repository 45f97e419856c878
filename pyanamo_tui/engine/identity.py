"""Who this engine is: the owner it writes into the items it locks (docs/wire-format.md, `InstanceID`)."""

from __future__ import annotations

import os
import secrets
import socket
import string
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_METADATA: Final = "http://169.254.169.254/latest"
_METADATA_TIMEOUT: Final = 1.0
_MACHINE_VENDOR: Final = Path("/sys/devices/virtual/dmi/id/sys_vendor")
_LOCK_LETTERS: Final = string.ascii_letters + string.digits
_LOCK_LENGTH: Final = 30


def owner(environment: Mapping[str, str]) -> str:
    """The AWS Batch job id with `:` as `-`, else the EC2 instance id, else the host name."""
    if job := environment.get("AWS_BATCH_JOB_ID"):
        return job.replace(":", "-")
    return _instance_id(environment) or socket.gethostname() or "unknown-host"


def new_lock_id() -> str:
    """Thirty random letters and digits, as every engine's lock ids are."""
    return "".join(secrets.choice(_LOCK_LETTERS) for _ in range(_LOCK_LENGTH))


def worker_name(host: str) -> str:
    """This process on this host, for the log: several engines may share one owner."""
    return f"{host}/{os.getpid()}"


def _on_ec2() -> bool:
    """Whether the machine says that Amazon made it, so that others never wait for a metadata service."""
    try:
        return "amazon" in _MACHINE_VENDOR.read_text(encoding="ascii", errors="replace").lower()
    except OSError:
        return False


def _instance_id(environment: Mapping[str, str]) -> str | None:
    """The instance id by IMDSv2 (AWS: "Use the Instance Metadata Service"), or None where there is none to ask."""
    if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true" or not _on_ec2():
        return None
    wanting = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    asking = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        request = urllib.request.Request(f"{_METADATA}/api/token", method="PUT", headers=wanting)
        with asking.open(request, timeout=_METADATA_TIMEOUT) as answer:
            token = answer.read().decode("ascii")
        request = urllib.request.Request(
            f"{_METADATA}/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": token}
        )
        with asking.open(request, timeout=_METADATA_TIMEOUT) as answer:
            found: str = answer.read().decode("ascii").strip()
    except (OSError, ValueError):
        return None
    return found or None
