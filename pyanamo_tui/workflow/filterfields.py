"""The fields a filter can ask about, and how each value becomes a quick test of one item's facts."""

from __future__ import annotations

import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from pyanamo_tui.workflow.model import Debris, ItemFacts, ItemState

Matcher = Callable[[ItemFacts, float], bool]
"""Whether an item's facts pass, at a time (epoch seconds)."""

MAX_PATTERN_CHARACTERS: Final = 200
MAX_SEARCHED_CHARACTERS: Final = 2048
"""Text is cut to this before a `/regex/` searches it: as much as an id can hold."""

NONE: Final = "none"
ANY: Final = "any"
WALL_ALIAS: Final = "wall"


class Operator(StrEnum):
    """What stands between a field and its value."""

    LIKE = ":"
    EQUAL = "="
    UNEQUAL = "!="
    BELOW = "<"
    AT_MOST = "<="
    ABOVE = ">"
    AT_LEAST = ">="


_COMPARISONS: Final[Mapping[Operator, Callable[[float, float], bool]]] = {
    Operator.BELOW: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.ABOVE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


class Kind(Enum):
    """What a field holds, which decides its operators and values."""

    TEXT = "text"
    STATE = "state"
    NUMBER = "number"
    AGE = "age"
    DEBRIS = "debris"


def _no_text(facts: ItemFacts) -> str | None:
    return None


def _no_number(facts: ItemFacts) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in a filter, what it holds, what it means to a user, and how to read it from facts.

    `part` says that `:` finds the value anywhere in the text, rather than the whole of it.
    """

    name: str
    kind: Kind
    meaning: str
    text: Callable[[ItemFacts], str | None] = _no_text
    number: Callable[[ItemFacts], float | None] = _no_number
    part: bool = False


def since(facts: ItemFacts) -> float | None:
    """Since when an item is as it is (epoch seconds): locked, ended, or last changed; None where the table is silent.

    A lock counts from when it was taken, not from its last renewal.
    """
    match facts.state:
        case ItemState.LOCKED:
            times = (facts.locked_at, facts.updated_at)
        case ItemState.DONE | ItemState.FAILED:
            times = (facts.ended_at, facts.updated_at)
        case _:
            times = (facts.updated_at, facts.ended_at)
    return next((at for at in times if at is not None), None)


_ALL_FIELDS: Final = (
    Field("state", Kind.STATE, "state of the item", text=lambda facts: facts.state),
    Field("step", Kind.TEXT, "workflow step (taskID)", text=lambda facts: facts.step),
    Field("id", Kind.TEXT, "item id", text=lambda facts: facts.item_id),
    Field("host", Kind.TEXT, "who locked it: job id, instance or host", text=lambda facts: facts.owner),
    Field("sig", Kind.TEXT, "error signature, or a part of it", text=lambda facts: facts.signature, part=True),
    Field("lock", Kind.TEXT, "lock id", text=lambda facts: facts.lock_id),
    Field("age", Kind.AGE, "time since it was locked, ended or changed: 30m, 2h, 1d", number=since),
    Field("exit", Kind.NUMBER, "exit code", number=lambda facts: facts.exit_code),
    Field("attempts", Kind.NUMBER, "times it was started", number=lambda facts: facts.attempts or 0),
    Field("percent", Kind.NUMBER, "nested tasks done, in percent", number=lambda facts: facts.percent_done),
    Field("tasks", Kind.NUMBER, "nested tasks; 0 for a single item", number=lambda facts: facts.nested_tasks or 0),
    Field("failed", Kind.NUMBER, "nested tasks that failed", number=lambda facts: facts.failed_tasks or 0),
    Field("debris", Kind.DEBRIS, "what other software left wrong: any, none, or a kind"),
)
FIELDS: Final[Mapping[str, Field]] = {field.name: field for field in _ALL_FIELDS}
"""Every field by its name, in the order of help."""
ALIASES: Final[Mapping[str, str]] = {"owner": "host", "signature": "sig"}
DEBRIS_NAMES: Final[Mapping[str, Debris]] = {kind.name.lower().replace("_", "-"): kind for kind in Debris}
"""`phantom`, `no-script` and so on, as a filter names them."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a term. In quotes it is taken as it stands: no wildcards, no `none`."""

    text: str
    quoted: bool = False

    @property
    def wildcard(self) -> bool:
        """Whether `*` or `?` in it stand for other characters."""
        return not self.quoted and ("*" in self.text or "?" in self.text)


def exact_states(how: Operator, values: Sequence[Value]) -> frozenset[str] | None:
    """The states that a `state` term names, or None where a wildcard leaves them open.

    A known state may be written in any case, and `wall` for `Wall_Time_Exceeded`; any other is taken to the letter.
    """
    if how is Operator.LIKE and any(value.wildcard for value in values):
        return None
    return frozenset(value.text if value.quoted else _known_state(value.text) for value in values)


def _known_state(written: str) -> str:
    if written.casefold() == WALL_ALIAS:
        return ItemState.WALL_TIME
    return next((state.value for state in ItemState if state.casefold() == written.casefold()), written)


def field_matcher(field: Field, how: Operator, values: Sequence[Value]) -> Matcher:
    """The test of one field.

    Raises:
        ValueError: the operator or a value does not suit the field; the message says what was expected.
    """
    if how in _COMPARISONS:
        return _comparison(field, how, values)
    if how is Operator.UNEQUAL:
        return negated(field_matcher(field, Operator.EQUAL, values))
    match field.kind:
        case Kind.AGE:
            raise ValueError("one of < <= > >= after age")
        case Kind.NUMBER:
            return _number_in(field, values)
        case Kind.DEBRIS:
            return _debris_in(values)
        case Kind.STATE:
            return _state_in(how, values)
        case Kind.TEXT:
            return _text_like(field, values) if how is Operator.LIKE else _text_in(field, values)


def negated(matcher: Matcher) -> Matcher:
    """The test that passes where this one does not."""
    return lambda facts, now: not matcher(facts, now)


def _comparison(field: Field, how: Operator, values: Sequence[Value]) -> Matcher:
    if field.kind not in {Kind.NUMBER, Kind.AGE}:
        raise ValueError(f": or = after {field.name}")
    if len(values) != 1:
        raise ValueError(f"a single value after {how}")
    compare, read = _COMPARISONS[how], field.number
    if field.kind is Kind.AGE:
        limit = read_duration(values[0].text)

        def older(facts: ItemFacts, now: float) -> bool:
            at = read(facts)
            return at is not None and compare(now - at, limit)

        return older
    bound = _read_number(values[0].text)

    def compared(facts: ItemFacts, now: float) -> bool:
        held = read(facts)
        return held is not None and compare(held, bound)

    return compared


def _number_in(field: Field, values: Sequence[Value]) -> Matcher:
    wanted = frozenset(None if value == Value(NONE) else _read_number(value.text) for value in values)
    read = field.number
    return lambda facts, now: read(facts) in wanted


def _read_number(written: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}%?", written):
        raise ValueError("a whole number")
    return int(written.rstrip("%"))


_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION: Final = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?[smhdw])+")
_DURATION_PART: Final = re.compile(r"([0-9.]+)([smhdw])")


def read_duration(written: str) -> float:
    """Seconds of a time as people write it: `90s`, `30m`, `1.5h`, `1d12h`, `2w`.

    Raises:
        ValueError: it is none; the message says what was expected.
    """
    if not _DURATION.fullmatch(written):
        raise ValueError("a time such as 30m, 2h or 1d")
    return sum(float(amount) * _SECONDS[unit] for amount, unit in _DURATION_PART.findall(written))


def _debris_in(values: Sequence[Value]) -> Matcher:
    kinds: set[Debris] = set()
    clean = False
    for value in values:
        if value == Value(NONE):
            clean = True
        elif value == Value(ANY):
            kinds.update(Debris)
        elif (named := DEBRIS_NAMES.get(value.text.casefold().replace("_", "-"))) is not None:
            kinds.add(named)
        else:
            raise ValueError(f"any, none or one of {', '.join(DEBRIS_NAMES)}")
    return lambda facts, now: not kinds.isdisjoint(facts.debris) if facts.debris else clean


def _state_in(how: Operator, values: Sequence[Value]) -> Matcher:
    states = exact_states(how, values)
    if states is None:
        return _text_like(FIELDS["state"], values)
    return lambda facts, now: facts.state in states


def _text_in(field: Field, values: Sequence[Value]) -> Matcher:
    wanted, read = frozenset(value.text for value in values), field.text
    return lambda facts, now: read(facts) in wanted


def _text_like(field: Field, values: Sequence[Value]) -> Matcher:
    read = field.text
    unset = Value(NONE) in values
    wanted = "|".join(_pattern_of(value, field.part) for value in values if value != Value(NONE))
    if not wanted:
        return lambda facts, now: read(facts) is None
    whole = re.compile(wanted, re.IGNORECASE | re.DOTALL).fullmatch

    def like(facts: ItemFacts, now: float) -> bool:
        held = read(facts)
        return unset if held is None else whole(held) is not None

    return like


def _pattern_of(value: Value, part: bool) -> str:
    """A regular expression for the whole text: wildcards as such, all else to the letter.

    Each `*` takes as little as will do and is never tried again (an atomic group), so that many cannot multiply.
    """
    if not value.wildcard:
        return f".*{re.escape(value.text)}.*" if part else re.escape(value.text)
    first, *others = [re.escape(piece).replace(r"\?", ".") for piece in value.text.split("*")]
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>.*?{piece})" for piece in middle) + f".*{last}"


def text_matcher(needle: str) -> Matcher:
    """Whether a text stands anywhere in the id, state, step, signature or owner, in any case."""
    wanted = needle.casefold()

    def found(facts: ItemFacts, now: float) -> bool:
        return (
            wanted in facts.item_id.casefold()
            or wanted in facts.state.casefold()
            or (facts.step is not None and wanted in facts.step.casefold())
            or (facts.signature is not None and wanted in facts.signature.casefold())
            or (facts.owner is not None and wanted in facts.owner.casefold())
        )

    return found


def pattern_matcher(pattern: str) -> Matcher:
    """Whether a regular expression finds something in the id, state, step, signature or owner, in any case.

    Python has no time limit for a search. So a pattern that repeats a group which itself repeats or chooses is
    refused, patterns are at most 200 characters, and of each text the first 2,048 characters are searched.

    Raises:
        re.error: the pattern is invalid, too long or refused; `pos` says where.
    """
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise re.error(f"longer than {MAX_PATTERN_CHARACTERS} characters", pattern, MAX_PATTERN_CHARACTERS)
    if (at := _nested_repeat(pattern)) is not None:
        raise re.error("a repeated group that repeats or chooses inside could search for ever", pattern, at)
    try:
        # Python warns of sets that a later version may read otherwise; on a screen that would be noise.
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            search = re.compile(pattern, re.IGNORECASE).search
    except (FutureWarning, ValueError, OverflowError, RecursionError) as refusal:
        raise re.error(str(refusal), pattern, 0) from refusal

    def found(facts: ItemFacts, now: float) -> bool:
        return any(
            text is not None and search(text[:MAX_SEARCHED_CHARACTERS]) is not None
            for text in (facts.item_id, facts.state, facts.step, facts.signature, facts.owner)
        )

    return found


_PIECE: Final = re.compile(
    r"""
      (?P<open> \( \?? )
    | (?P<close> \) )
    | (?P<choice> \| )
    | (?P<repeat> [*+] [?+]? | \? [?+]? | \{ (?P<low>[0-9]*) (?P<comma>,)? (?P<high>[0-9]*) \} [?+]? )
    | \\ . | \[ \^? \]? (?: \\. | [^\]\\] )* \]? | .
    """,
    re.VERBOSE | re.DOTALL,
)


def _nested_repeat(pattern: str) -> int | None:
    """Where a group is repeated that holds a repeat or a choice, which can take exponential time; None if nowhere."""
    open_groups = [False]
    closed = False
    for piece in _PIECE.finditer(pattern):
        after_close, closed = closed, False
        match piece.lastgroup:
            case "open":
                open_groups.append(False)
            case "close" if len(open_groups) > 1:
                closed = open_groups.pop()
                open_groups[-1] |= closed
            case "choice":
                open_groups[-1] = True
            case "repeat":
                if after_close and not _at_most_once(piece):
                    return piece.start()
                open_groups[-1] |= not _fixed(piece)
            case _:
                pass
    return None


def _at_most_once(repeat: re.Match[str]) -> bool:
    high = repeat["high"] if repeat["comma"] else repeat["low"]
    return repeat.group().startswith("?") or high in {"0", "1"}


def _fixed(repeat: re.Match[str]) -> bool:
    return bool(repeat["low"]) and (not repeat["comma"] or repeat["low"] == repeat["high"])
