"""Clients for one profile, region and endpoint: retries, timeouts, the read-only guard and the capacity meter.

The guard and the meter hang on the boto3 session's own events, so that every client and resource made from it
passes them, whoever calls (DESIGN invariant 8: read-only is enforced in the client).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

import boto3
from botocore.config import Config

from pyanamo_tui.aws.capacity import METERED, CapacityMeter
from pyanamo_tui.aws.faults import AWS_EXCEPTIONS, calling, translate
from pyanamo_tui.errors import ReadOnly, UsageError

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_batch import BatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

_READING: Final = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "TransactGet", "Head", "Filter")
CONNECT_TIMEOUT: Final = 4.0
READ_TIMEOUT: Final = 12.0
MAX_ATTEMPTS: Final = 5
MAX_CONNECTIONS: Final = 40
_CLIENTS: Final = ("dynamodb", "streams", "logs", "s3", "batch", "scaling", "sts")
"""The properties of a Connection that keep a client."""


def _not_an_endpoint(url: str | None) -> UsageError:
    return UsageError(f"{url} is not an endpoint", "Give a whole URL: http://host:port")


def reads_only(operation: str) -> bool:
    """Whether an AWS operation, by its name, changes nothing."""
    return operation.startswith(_READING)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who AWS says we are: the account number and the last part of the role or user name."""

    account: str
    role: str


class Connection:
    """Typed clients for one place. Safe to share between threads; clients are made when first asked for.

    Args:
        region: AWS region, or None for what the profile says.
        profile: profile name, or None for the default chain.
        endpoint_url: another endpoint for every service, e.g. an embedded server.
        read_only: refuse every operation that could change something, before it is sent.
        max_attempts: how often a request is sent before its failure is told; for callers that retry by themselves.

    Raises:
        CredentialsError: there is no such profile.
        UsageError: no region is known, or the endpoint is not a URL.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        read_only: bool = False,
        max_attempts: int = MAX_ATTEMPTS,
    ) -> None:
        self.endpoint_url = endpoint_url
        self.read_only = read_only
        self.meter = CapacityMeter()
        self._lock = threading.RLock()
        self._asked_profile = profile
        self._session = self._new_session(region)
        if not self._session.region_name:
            raise UsageError("No AWS region is set", "Pass --region, or set AWS_REGION.")
        if endpoint_url is not None and not endpoint_url.startswith(("http://", "https://")):
            raise _not_an_endpoint(endpoint_url)
        self.region: str = self._session.region_name
        self.profile: str = self._session.profile_name
        self._config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": max_attempts},
            max_pool_connections=MAX_CONNECTIONS,
            user_agent_extra="pyanamo-tui",
        )

    def _new_session(self, region: str | None) -> boto3.Session:
        with calling("sts", "profile"):
            session = boto3.Session(region_name=region, profile_name=self._asked_profile)
        events = cast("Any", session.events)
        events.register("provide-client-params.*.*", self._before)
        events.register("after-call.dynamodb.*", self._after)
        return session

    def renew(self) -> None:
        """Read the credentials again from where they are kept; clients made before are left to those who hold them.

        boto3 keeps what it once read, so that keys renewed on disk are not seen without this.

        Raises:
            CredentialsError: the profile is there no more.
        """
        session = self._new_session(self.region)
        with self._lock:
            self._session = session
            for service in _CLIENTS:
                self.__dict__.pop(service, None)

    def beside(self, *, max_attempts: int = MAX_ATTEMPTS) -> Connection:
        """Another Connection to the same place, with its own capacity meter."""
        return Connection(
            region=self.region,
            profile=self._asked_profile,
            endpoint_url=self.endpoint_url,
            read_only=self.read_only,
            max_attempts=max_attempts,
        )

    def _before(self, params: dict[str, Any], model: Any, **_: object) -> dict[str, Any] | None:  # noqa: ANN401 - botocore's own types
        operation: str = model.name
        service: str = model.service_model.service_name
        if self.read_only and not reads_only(operation):
            raise ReadOnly(f"{service}:{operation}")
        if service == "dynamodb" and operation in METERED and "ReturnConsumedCapacity" not in params:
            return {**params, "ReturnConsumedCapacity": "TOTAL"}
        return None

    def _after(self, parsed: Mapping[str, object], model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's own types
        if model.name in METERED:
            self.meter.record(model.name, parsed)

    def _client(self, service: str, config: Config | None = None) -> Any:  # noqa: ANN401 - callers name the type
        with self._lock:
            try:
                return self._session.client(  # type: ignore[call-overload]
                    service, endpoint_url=self.endpoint_url, config=config or self._config
                )
            except ValueError as error:
                raise UsageError(
                    f"{self.endpoint_url} is not an endpoint", "Give a whole URL: http://host:port"
                ) from error
            except AWS_EXCEPTIONS as error:
                raise translate(error, service=service, resource=f"region {self.region}") from error

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB, low level: records keep their exact types.

        botocore does not look through each request first: DynamoDB does so itself, and our types hold in mypy.
        """
        client: DynamoDBClient = self._client("dynamodb", self._config.merge(Config(parameter_validation=False)))
        return client

    @cached_property
    def streams(self) -> DynamoDBStreamsClient:
        """DynamoDB Streams."""
        client: DynamoDBStreamsClient = self._client("dynamodbstreams")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        client: S3Client = self._client("s3")
        return client

    @cached_property
    def batch(self) -> BatchClient:
        """AWS Batch."""
        client: BatchClient = self._client("batch")
        return client

    @cached_property
    def scaling(self) -> ApplicationAutoScalingClient:
        """Application Auto Scaling."""
        client: ApplicationAutoScalingClient = self._client("application-autoscaling")
        return client

    @cached_property
    def sts(self) -> STSClient:
        """STS."""
        client: STSClient = self._client("sts")
        return client

    def resource(self) -> DynamoDBServiceResource:
        """A boto3 resource of DynamoDB for people's own code; it passes the same guard and meter."""
        with self._lock:
            return self._session.resource("dynamodb", endpoint_url=self.endpoint_url, config=self._config)

    def table_resource(self, name: str) -> Table:
        """A boto3 Table for people's own code; it passes the same guard and meter."""
        return self.resource().Table(name)

    def identity(self) -> Identity:
        """Account and role of the credentials in use (`sts:GetCallerIdentity`, which needs no permission).

        Raises:
            CredentialsError: there are none, or they are wrong or expired.
            ServiceUnavailable: STS cannot be reached.
        """
        with calling("sts", "caller identity"):
            answer = self.sts.get_caller_identity()
        arn = answer["Arn"].split("/")
        role = arn[-2] if ":assumed-role" in answer["Arn"] and len(arn) > 2 else arn[-1]  # noqa: PLR2004 - arn:…/role/session
        return Identity(account=answer["Account"], role=role.rpartition(":")[2])
