"""The filter grammar, the same on every screen and command: `state:failed step:Align exit:137 age>2h !/chrY/`.

Terms are joined by spaces and all must hold. A term is text, a `/regex/`, or a field with a value or a comma list of
them. `!` before a term turns it round; double quotes hold what has spaces together and take away every special meaning.
The fields are in `filterfields.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from pyanamo_tui.errors import UsageError
from pyanamo_tui.workflow.filterfields import (
    ALIASES,
    ANY,
    DEBRIS_NAMES,
    FIELDS,
    NONE,
    Kind,
    Matcher,
    Operator,
    Value,
    exact_states,
    field_matcher,
    negated,
    pattern_matcher,
    text_matcher,
)
from pyanamo_tui.workflow.model import KNOWN_STATES, ItemFacts

MAX_COMPLETIONS: Final = 50

_NAMED: Final = re.compile(r"([A-Za-z_]+)(!=|<=|>=|[:=<>])")
_WORD: Final = re.compile(r"\S+")
_LISTED: Final = re.compile(r'[^\s,"][^\s,]*')
_IN_QUOTES: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PATTERN: Final = re.compile(r"/((?:[^/\\]|\\.)*)/", re.DOTALL)
_ESCAPED: Final = re.compile(r'\\(["\\])')
_SPACE: Final = re.compile(r"\s*")


class FilterError(UsageError):
    """A filter cannot be understood.

    Attributes:
        position: index of the character where it goes wrong; the filter's length where something is missing at its end.
        expected: what should stand there.
    """

    def __init__(self, position: int, expected: str, hint: str = "") -> None:
        super().__init__(f"Filter, character {position + 1}: expected {expected}", hint)
        self.position = position
        self.expected = expected


def quote(text: str) -> str:
    """Any text as one term, or one value, that finds exactly these characters: `sig={quote(signature)}`."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Term:
    """One term as understood; its `str` is the term as one could type it.

    `name` is a field's name, `/` for a pattern, or empty for text. Of the last two, the one value is the text.
    """

    name: str
    values: tuple[Value, ...]
    how: Operator = Operator.LIKE
    negated: bool = False

    def __str__(self) -> str:
        sign = "!" if self.negated else ""
        if self.name == "/":
            return f"{sign}/{self.values[0].text}/"
        listed = ",".join(quote(value.text) if value.quoted else value.text for value in self.values)
        return f"{sign}{self.name}{self.how if self.name else ''}{listed}"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter ready to use. `text` is as the user wrote it; two filters are equal when their terms are."""

    text: str = field(default="", compare=False)
    terms: tuple[Term, ...] = ()
    _matcher: Matcher = field(default=lambda facts, now: True, compare=False, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether it lets everything through because it asks nothing."""
        return not self.terms

    def matches(self, facts: ItemFacts, now: float) -> bool:
        """Whether an item passes at a time (epoch seconds, for `age`)."""
        return self._matcher(facts, now)

    def states(self) -> frozenset[str] | None:
        """The only states it can match, so that a reader asks for no others; None where it could be any."""
        only: frozenset[str] | None = None
        never: frozenset[str] = frozenset()
        for term in self.terms:
            named = exact_states(term.how, term.values) if term.name == "state" else None
            if named is None:
                continue
            if term.negated != (term.how is Operator.UNEQUAL):
                never |= named
            else:
                only = named if only is None else only & named
        return None if only is None else only - never


def unknown_states(asked: Filter, held: Collection[str]) -> tuple[str, ...]:
    """The states that a filter asks for where no item is in any of them: a slip of the keys, most likely."""
    states = asked.states()
    return tuple(sorted(states)) if states and states.isdisjoint(held) else ()


def parse_filter(text: str) -> Filter:
    """Understand a filter; blank text gives the empty one.

    Raises:
        FilterError: with the position and what was expected there.
    """
    terms: list[Term] = []
    matchers: list[tuple[bool, Matcher]] = []
    at = _skip_space(text, 0)
    while at < len(text):
        term, matcher, end = _read_term(text, at)
        terms.append(term)
        matchers.append((term.name in {"", "/"}, negated(matcher) if term.negated else matcher))
        at = _skip_space(text, end)
    # Fields first: they cost less than searching text.
    matchers.sort(key=lambda pair: pair[0])
    return Filter(text.strip(), tuple(terms), _all_of([matcher for _, matcher in matchers]))


def _all_of(matchers: list[Matcher]) -> Matcher:
    if len(matchers) == 1:
        return matchers[0]

    def all_pass(facts: ItemFacts, now: float) -> bool:
        for matcher in matchers:  # noqa: SIM110 - a generator costs more than the tests themselves
            if not matcher(facts, now):
                return False
        return True

    return all_pass


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _read_term(text: str, at: int) -> tuple[Term, Matcher, int]:
    """The term at a position, its test, and where it ends."""
    start = at
    while text.startswith("!", at):
        at += 1
    turned = (at - start) % 2 == 1
    if at == len(text) or text[at].isspace():
        raise FilterError(at, "a term after !", 'To search for the character itself, quote it: "!"')
    if text[at] == "/":
        return _read_pattern(text, at, turned)
    if text[at] == '"':
        value, end = _read_quoted(text, at)
        _must_end(text, end)
        return Term("", (value,), negated=turned), text_matcher(value.text), end
    if named := _NAMED.match(text, at):
        return _read_field(text, named, turned)
    word = _WORD.match(text, at)
    end = word.end() if word else len(text)
    return Term("", (Value(text[at:end]),), negated=turned), text_matcher(text[at:end]), end


def _must_end(text: str, end: int, hint: str = "") -> None:
    if end < len(text) and not text[end].isspace():
        raise FilterError(end, "a space", hint)


def _read_quoted(text: str, at: int) -> tuple[Value, int]:
    found = _IN_QUOTES.match(text, at)
    if found is None:
        raise FilterError(len(text), f'the closing " of the one at character {at + 1}')
    return Value(_ESCAPED.sub(r"\1", found[1]), quoted=True), found.end()


def _read_pattern(text: str, at: int, turned: bool) -> tuple[Term, Matcher, int]:
    hint = f"To search for the text itself, quote it: {quote(text[at:].split(maxsplit=1)[0])}"
    found = _PATTERN.match(text, at)
    if found is None:
        raise FilterError(len(text), f"the closing / of the one at character {at + 1}", hint)
    _must_end(text, found.end(), hint)
    if not found[1]:
        raise FilterError(at + 1, "a regular expression between the two /", hint)
    try:
        matcher = pattern_matcher(found[1])
    except re.error as refusal:
        position = at + 1 + min(refusal.pos or 0, len(found[1]))
        raise FilterError(position, f"a valid regular expression ({refusal.msg})", hint) from refusal
    return Term("/", (Value(found[1], quoted=True),), negated=turned), matcher, found.end()


def _read_field(text: str, named: re.Match[str], turned: bool) -> tuple[Term, Matcher, int]:
    written = named[1].casefold()
    known = FIELDS.get(ALIASES.get(written, written))
    if known is None:
        word = text[named.start() :].split(maxsplit=1)[0]
        hint = f"To search for the text itself, quote it: {quote(word)}"
        raise FilterError(named.start(), f"one of the fields {', '.join(FIELDS)}", hint)
    values: list[Value] = []
    at = named.end()
    while True:
        value, end = _read_value(text, at, known.name)
        values.append(value)
        if not text.startswith(",", end):
            break
        at = end + 1
    _must_end(text, end)
    how = Operator(named[2])
    try:
        matcher = field_matcher(known, how, values)
    except ValueError as refusal:
        raise FilterError(named.end(), str(refusal)) from refusal
    return Term(known.name, tuple(values), how, turned), matcher, end


def _read_value(text: str, at: int, name: str) -> tuple[Value, int]:
    if text.startswith('"', at):
        return _read_quoted(text, at)
    found = _LISTED.match(text, at)
    if found is None:
        raise FilterError(at, f"a value of {name}")
    return Value(found.group()), found.end()


def word_start(text: str, cursor: int) -> int:
    """Where the word begins that `complete` completes: after a space, `!`, an operator or a comma of a list."""
    start = max(text.rfind(" ", 0, cursor), text.rfind("\t", 0, cursor)) + 1
    while start < cursor and text[start] == "!":
        start += 1
    if named := _NAMED.match(text, start, cursor):
        return max(named.end(), text.rfind(",", 0, cursor) + 1)
    return start


def complete(
    text: str,
    cursor: int,
    steps: Iterable[str],
    states: Iterable[str],
    owners: Iterable[str],
    codes: Iterable[str] = (),
) -> list[str]:
    """What could stand in place of `text[word_start(text, cursor):cursor]`: field names, or values of the field.

    `steps`, `states`, `owners` and exit `codes` are those of the table; known states are offered too. At most 50,
    sorted, values that need quotes in quotes. Nothing where the word is in quotes, or nothing fits.
    """
    if text.count('"', 0, cursor) % 2:
        return []
    start = word_start(text, cursor)
    typed = text[start:cursor].casefold()
    term = re.search(r"[A-Za-z_]+(?=(?:!=|<=|>=|[:=<>])(?:[^\s,]*,)*\Z)", text[:start])
    if term is None:
        offered = [f"{name}{'>' if known.kind is Kind.AGE else ':'}" for name, known in FIELDS.items()]
        return [name for name in offered if typed and name.startswith(typed)]
    written = term.group().casefold()
    sources: dict[str, Callable[[], Iterable[str]]] = {
        "state": lambda: {*states, *KNOWN_STATES},
        "step": lambda: steps,
        "host": lambda: owners,
        "exit": lambda: codes,
    }
    name = ALIASES.get(written, written)
    if name == "debris":
        return [kind for kind in (ANY, NONE, *DEBRIS_NAMES) if kind.startswith(typed)]
    values = sources[name]() if name in sources else ()
    fitting = sorted({str(value) for value in values if value.casefold().startswith(typed)})
    return [_as_value(value) for value in fitting[:MAX_COMPLETIONS]]


def _as_value(value: str) -> str:
    """The value as one types it: in quotes where it would be taken apart or mean something else."""
    plain = _LISTED.fullmatch(value) and not Value(value).wildcard and value != NONE
    return value if plain else quote(value)
