"""The forms about whole tables, create, capacity and auto-scaling: their fields, rules, and typed answers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pyanamo_tui.tui.modals.form import Form, Line, OneOf, Values
from pyanamo_tui.workflow.tablename import name_problem

if TYPE_CHECKING:
    from pyanamo_tui.aws.scaling import ScalingState
    from pyanamo_tui.aws.tables import TableInfo

_DIGITS: Final = r"[0-9]*"
_PROVISIONED, _ON_DEMAND, _SCALE, _STOP = "provisioned", "on-demand", "scale", "stop"
_MODES: Final = (
    (_ON_DEMAND, "on-demand: pay by request"),
    (_PROVISIONED, "provisioned: pay for units a second"),
)
_MOST_UNITS: Final = 40_000
"""What AWS gives a table unless asked for more (AWS: "Quotas in Amazon DynamoDB")."""
_LEAST_TARGET, _MOST_TARGET = 20, 90
"""AWS: "Managing throughput capacity automatically"."""
_YES, _NO = "yes", "no"
_SCALE_MOST: Final = "400"


@dataclass(frozen=True, slots=True)
class NewTable:
    """A table to be created. `units`: read and write of it and each index; None for on-demand."""

    name: str
    units: tuple[int, int] | None
    stream: bool
    protect: bool


@dataclass(frozen=True, slots=True)
class NewScaling:
    """Between what units capacity moves, and the share of it to use."""

    read: tuple[int, int]
    write: tuple[int, int]
    target_percent: float


def _is_provisioned(values: Values) -> bool:
    return values["mode"] == _PROVISIONED


def _scales(values: Values) -> bool:
    return values["mode"] == _SCALE


def _units_problem(values: Values) -> str:
    if not _is_provisioned(values):
        return ""
    return _number_problem("Read units", values["read"]) or _number_problem("Write units", values["write"])


def _number_problem(what: str, written: str) -> str:
    if not written.isascii() or not written.isdigit() or not 1 <= int(written) <= _MOST_UNITS:
        return f"{what}: a whole number from 1 to {_MOST_UNITS:,}."
    return ""


def units_of(values: Values) -> tuple[int, int] | None:
    """Read and write units of a checked form; None for on-demand."""
    return (int(values["read"]), int(values["write"])) if _is_provisioned(values) else None


def _capacity_fields(mode: str, read: int, write: int) -> tuple[OneOf, Line, Line]:
    return (
        OneOf("mode", "Capacity", _MODES, mode),
        Line("read", "Read units", str(read), restrict=_DIGITS, only_if=_is_provisioned),
        Line("write", "Write units", str(write), restrict=_DIGITS, only_if=_is_provisioned),
    )


def create_form(place: str, taken: Collection[str]) -> Form:
    """Ask for a new table's name, capacity, stream and protection. `taken`: names that are in use there."""

    def check(values: Values) -> str:
        if not values["name"]:
            return "It needs a name."
        if values["name"] in taken:
            return f"There is a table {values['name']} already."
        return name_problem(values["name"]) or _units_problem(values)

    name = Line("name", "Name", placeholder="Cohort8")
    choices = (
        OneOf("stream", "Stream", ((_YES, "on: watching costs only what changes"), (_NO, "off")), _YES),
        OneOf("protect", "Deletion", ((_NO, "allowed"), (_YES, "protected against")), _NO),
    )
    fields = (name, *_capacity_fields(_ON_DEMAND, 10, 10), *choices)
    return Form("Create a workflow table", fields, check, f"{place}\nUnits are for it and for each index.", "Create")


def new_table(values: Values) -> NewTable:
    """A checked create form, typed."""
    return NewTable(values["name"], units_of(values), values["stream"] == _YES, values["protect"] == _YES)


def capacity_form(info: TableInfo, place: str) -> Form:
    """Ask how a table shall pay, and for how many units on it and every index."""
    held = (10, 10) if info.capacity is None else (info.capacity.read, info.capacity.write)
    body = f"{place}\nThe units are for the table and for each of its {len(info.indexes)} indexes."
    fields = _capacity_fields(str(info.billing), *held)

    def check(values: Values) -> str:
        same = all(one.capacity == info.capacity for one in info.indexes)
        now = None if info.capacity is None else held
        problem = _units_problem(values)
        if not problem and units_of(values) == now and same:
            return "This is what it has now."
        return problem

    return Form(f"Capacity of {info.name}", fields, check, body, "Change it")


def scaling_form(info: TableInfo, states: tuple[ScalingState, ...], place: str) -> Form:
    """Ask between what units the table and its indexes shall scale."""
    held = (1, 1) if info.capacity is None else (info.capacity.read, info.capacity.write)
    low = {one.what.direction.value: one for one in states if one.what.index is None}
    known = [low.get("read"), low.get("write")]
    target = next((one.target_percent for one in states if one.target_percent), 70.0)
    limits = [
        (str(units), _SCALE_MOST) if state is None else (str(state.limits.low), str(state.limits.high))
        for state, units in zip(known, held, strict=True)
    ]
    fields = (
        OneOf(
            "mode", "Scaling", ((_SCALE, "between these units"), (_STOP, "none: leave the units as they are")), _SCALE
        ),
        Line("read_low", "Read, lowest", limits[0][0], restrict=_DIGITS, only_if=_scales),
        Line("read_high", "Read, highest", limits[0][1], restrict=_DIGITS, only_if=_scales),
        Line("write_low", "Write, lowest", limits[1][0], restrict=_DIGITS, only_if=_scales),
        Line("write_high", "Write, highest", limits[1][1], restrict=_DIGITS, only_if=_scales),
        Line("target", "Use, percent", f"{target:.0f}", restrict=_DIGITS, only_if=_scales),
    )
    now = f"{len(states)} of {2 * (1 + len(info.indexes))} targets scale now."
    body = f"{place}\nThe same for the table and each of its {len(info.indexes)} indexes. {now}"
    return Form(f"Auto-scaling of {info.name}", fields, _scaling_problem, body, "Set it")


def _scaling_problem(values: Values) -> str:
    if not _scales(values):
        return ""
    for what in ("read", "write"):
        name = what.capitalize()
        for end, words in (("low", "lowest"), ("high", "highest")):
            problem = _number_problem(f"{name}, {words}", values[f"{what}_{end}"])
            if problem:
                return problem
        if int(values[f"{what}_low"]) > int(values[f"{what}_high"]):
            return f"{name}: the lowest is above the highest."
    target = values["target"]
    if not target.isascii() or not target.isdigit() or not _LEAST_TARGET <= int(target) <= _MOST_TARGET:
        return f"Use: {_LEAST_TARGET} to {_MOST_TARGET} percent."
    return ""


def new_scaling(values: Values) -> NewScaling | None:
    """A checked auto-scaling form, typed; None where nothing shall scale."""
    if not _scales(values):
        return None
    read, write = [(int(values[f"{what}_low"]), int(values[f"{what}_high"])) for what in ("read", "write")]
    return NewScaling(read, write, float(values["target"]))
