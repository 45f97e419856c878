"""Application Auto Scaling of a provisioned table: a target and a policy for reads and writes of it and each index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from pyanamo_tui.aws.faults import calling
from pyanamo_tui.aws.session import Connection
from pyanamo_tui.aws.tables import Billing, TableInfo
from pyanamo_tui.errors import NotFound, ServiceRefused, ServiceUnavailable, UsageError

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_application_autoscaling.literals import MetricTypeType, ScalableDimensionType

_SERVICE: Final = "dynamodb"
_PERCENT: Final = (20, 90)
"""Target utilisation that DynamoDB takes (AWS: "Managing throughput capacity automatically")."""


class Direction(StrEnum):
    """Reads or writes."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Limits:
    """Units between which capacity moves."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Scaled:
    """What can scale: reads or writes of the table (`index` None) or of an index."""

    table: str
    index: str | None
    direction: Direction

    def __str__(self) -> str:
        """As a user reads it."""
        return f"{'table' if self.index is None else self.index} {self.direction}"

    @property
    def resource_id(self) -> str:
        """Application Auto Scaling's name of the table or index."""
        return f"table/{self.table}" + ("" if self.index is None else f"/index/{self.index}")

    @property
    def dimension(self) -> ScalableDimensionType:
        """Application Auto Scaling's name of what moves."""
        kind = "table" if self.index is None else "index"
        return cast("ScalableDimensionType", f"dynamodb:{kind}:{self.direction.capitalize()}CapacityUnits")

    @property
    def policy_name(self) -> str:
        """The name that our policy has, one for each of these."""
        return f"DynamoDB{self.direction.capitalize()}CapacityUtilization:{self.resource_id}"


@dataclass(frozen=True, slots=True)
class ScalingOutcome:
    """What came of one of them: `why` is empty where it was done."""

    what: Scaled
    why: str = ""

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return not self.why


@dataclass(frozen=True, slots=True)
class ScalingState:
    """How one of them scales: its limits, and its policy's target in percent and cooldowns in seconds."""

    what: Scaled
    limits: Limits
    target_percent: float | None = None
    scale_in_seconds: int | None = None
    scale_out_seconds: int | None = None


def scalable(info: TableInfo) -> tuple[Scaled, ...]:
    """Everything of a table that can scale: reads and writes, of it and of each index.

    Raises:
        UsageError: the table is on-demand, which scales by itself.
    """
    if info.billing == Billing.ON_DEMAND:
        raise UsageError(
            f"{info.name} is on-demand: AWS scales it by itself",
            "Give it provisioned capacity first, if it is to scale.",
        )
    names = (None, *(index.name for index in info.indexes))
    return tuple(Scaled(info.name, name, direction) for name in names for direction in Direction)


class Scaling:
    """Auto-scaling of the tables of one connection. What one target is refused is reported, and the others go on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _client(self) -> ApplicationAutoScalingClient:
        return self._connection.scaling

    def register(self, info: TableInfo, *, read: Limits, write: Limits) -> tuple[ScalingOutcome, ...]:
        """Let the table and each index scale between these units. It can be repeated; the limits are then replaced.

        Raises:
            UsageError: the table is on-demand, or limits are not 1 or more with the low one below the high one.
            CredentialsError, PermissionDenied, ReadOnly: none was done.
        """
        for name, limits in (("read", read), ("write", write)):
            if not 1 <= limits.low <= limits.high:
                raise UsageError(
                    f"{name} capacity cannot scale between {limits.low} and {limits.high}",
                    "Give 1 or more, the lower one first.",
                )

        def one(what: Scaled) -> None:
            limits = read if what.direction == Direction.READ else write
            self._client.register_scalable_target(
                ServiceNamespace=_SERVICE,
                ResourceId=what.resource_id,
                ScalableDimension=what.dimension,
                MinCapacity=limits.low,
                MaxCapacity=limits.high,
            )

        return self._each(info, one)

    def put_policies(
        self, info: TableInfo, *, target_percent: float, scale_in_seconds: int, scale_out_seconds: int
    ) -> tuple[ScalingOutcome, ...]:
        """Have each registered target keep to this share of its capacity. It can be repeated; policies are replaced.

        Args:
            info: the table.
            target_percent: consumed of provisioned units, 20 to 90.
            scale_in_seconds, scale_out_seconds: pause after each lowering and raising.

        Raises:
            UsageError: the table is on-demand, or a value is out of its range.
            CredentialsError, PermissionDenied, ReadOnly: none was done.
        """
        if not _PERCENT[0] <= target_percent <= _PERCENT[1]:
            raise UsageError(
                f"{target_percent:g} % cannot be aimed at", f"Give {_PERCENT[0]} to {_PERCENT[1]} percent."
            )
        if min(scale_in_seconds, scale_out_seconds) < 0:
            raise UsageError("A pause cannot be below 0 seconds", "Give seconds from 0 up, for instance 60.")

        def one(what: Scaled) -> None:
            metric = f"DynamoDB{what.direction.capitalize()}CapacityUtilization"
            self._client.put_scaling_policy(
                PolicyName=what.policy_name,
                ServiceNamespace=_SERVICE,
                ResourceId=what.resource_id,
                ScalableDimension=what.dimension,
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": float(target_percent),
                    "PredefinedMetricSpecification": {"PredefinedMetricType": cast("MetricTypeType", metric)},
                    "ScaleInCooldown": scale_in_seconds,
                    "ScaleOutCooldown": scale_out_seconds,
                },
            )

        return self._each(info, one)

    def stop(self, info: TableInfo) -> tuple[ScalingOutcome, ...]:
        """Let nothing of the table scale any more; policies go with their targets. Capacity stays as it is."""
        registered = {state.what for state in self.describe(info)}

        def one(what: Scaled) -> None:
            if what in registered:
                self._client.deregister_scalable_target(
                    ServiceNamespace=_SERVICE, ResourceId=what.resource_id, ScalableDimension=what.dimension
                )

        return self._each(info, one)

    def _each(self, info: TableInfo, call: Callable[[Scaled], None]) -> tuple[ScalingOutcome, ...]:
        return tuple(self._outcome(what, call) for what in scalable(info))

    def _outcome(self, what: Scaled, call: Callable[[Scaled], None]) -> ScalingOutcome:
        try:
            with calling("application-autoscaling", f"{what} of {what.table}"):
                call(what)
        except (ServiceRefused, ServiceUnavailable, NotFound) as error:
            return ScalingOutcome(what, error.message)
        return ScalingOutcome(what)

    def describe(self, info: TableInfo) -> tuple[ScalingState, ...]:
        """How the table and its indexes scale; empty where nothing does."""
        if info.billing == Billing.ON_DEMAND:
            return ()
        known = {(what.resource_id, what.dimension): what for what in scalable(info)}
        found: dict[Scaled, ScalingState] = {}
        with calling("application-autoscaling", f"table {info.name}"):
            for resource, dimension, low, high in self._targets(sorted({resource for resource, _ in known})):
                what = known.get((resource, cast("ScalableDimensionType", dimension)))
                if what is not None:
                    found[what] = ScalingState(what, Limits(low, high))
            for state in list(found.values()):
                found[state.what] = self._with_policy(state)
        return tuple(found[what] for what in known.values() if what in found)

    def _targets(self, resources: list[str]) -> Iterator[tuple[str, str, int, int]]:
        pages = self._client.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace=_SERVICE, ResourceIds=resources
        )
        for page in pages:
            for target in page["ScalableTargets"]:
                yield (
                    target["ResourceId"],
                    target["ScalableDimension"],
                    target.get("MinCapacity", 0),
                    target.get("MaxCapacity", 0),
                )

    def _with_policy(self, state: ScalingState) -> ScalingState:
        what = state.what
        answer = self._client.describe_scaling_policies(
            ServiceNamespace=_SERVICE, ResourceId=what.resource_id, ScalableDimension=what.dimension
        )
        for policy in answer["ScalingPolicies"]:
            aimed = policy.get("TargetTrackingScalingPolicyConfiguration")
            if aimed is not None and policy.get("ScalableDimension") == what.dimension:
                return ScalingState(
                    what,
                    state.limits,
                    aimed["TargetValue"],
                    aimed.get("ScaleInCooldown"),
                    aimed.get("ScaleOutCooldown"),
                )
        return state
