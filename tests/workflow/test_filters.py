"""One filter grammar everywhere: what it means, what it refuses, what it never does."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyanamo_tui.workflow.filterfields import FIELDS
from pyanamo_tui.workflow.filters import Filter, FilterError, complete, parse_filter, quote, unknown_states, word_start
from pyanamo_tui.workflow.model import Debris, ItemFacts

NOW = 1_000_000.0
HOUR = 3600.0

FAILED = ItemFacts(
    "HG00096_align",
    "failed",
    step="Align",
    owner="i-0abc",
    lock_id="L1",
    exit_code=137,
    attempts=2,
    signature="exit 137: Killed",
    ended_at=NOW - 3 * HOUR,
    updated_at=NOW - HOUR,
)
LOCKED = ItemFacts("HG00097_hc", "locked", step="Call Variants", owner="job-9:3", locked_at=NOW - HOUR, updated_at=NOW)
NESTED = ItemFacts("chr1:10", "done", step="Call Variants", nested_tasks=4, log_length=4, failed_tasks=1, ended_at=NOW)
PHANTOM = ItemFacts("x", "Pending", debris=(Debris.PHANTOM,))
ALL = (FAILED, LOCKED, NESTED, PHANTOM)

PIECES = ("!", "/", '"', "\\", ":", "=", "!=", "<", ">=", ",", " ", "*", "?", "(", ")", "[", "a+", "2h", "10", "none")
GRAMMAR = st.lists(st.sampled_from((*PIECES, *FIELDS)), max_size=12).map("".join)
TEXTS = st.one_of(GRAMMAR, st.text(max_size=30))


def found(text: str) -> list[str]:
    filter_ = parse_filter(text)
    return [facts.item_id for facts in ALL if filter_.matches(facts, NOW)]


def parsed(text: str) -> Filter | None:
    """The filter, or None where it is refused with a position inside the text."""
    try:
        return parse_filter(text)
    except FilterError as refusal:
        position = refusal.position
    assert 0 <= position <= len(text)
    return None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["HG00096_align", "HG00097_hc", "chr1:10", "x"]),
        ("hg0", ["HG00096_align", "HG00097_hc"]),
        ("KILLED", ["HG00096_align"]),
        ("pend", ["x"]),
        ("/^lock/", ["HG00097_hc"]),
        ("variants", ["HG00097_hc", "chr1:10"]),
        ("i-0A", ["HG00096_align"]),
        ("chr1:10", ["chr1:10"]),
        ('"call var"', ["HG00097_hc", "chr1:10"]),
        ("!hg", ["chr1:10", "x"]),
        ("!!hg", ["HG00096_align", "HG00097_hc"]),
        ("/^hg0+9[67]_a/", ["HG00096_align"]),
        ("!/hg|chr/", ["x"]),
        ("/killed$/ align", ["HG00096_align"]),
        ("state:failed,done", ["HG00096_align", "chr1:10"]),
        ("state:FAILED", ["HG00096_align"]),
        ("state:pending", []),
        ("state:Pend*", ["x"]),
        ("state:Pending", ["x"]),
        ("!state:done", ["HG00096_align", "HG00097_hc", "x"]),
        ("state!=done,failed", ["HG00097_hc", "x"]),
        ("step:align", ["HG00096_align"]),
        ("step=align", []),
        ('step:"call variants"', ["HG00097_hc", "chr1:10"]),
        ("step:none", ["x"]),
        ("step:none,align", ["HG00096_align", "x"]),
        ("step:call", []),
        ("host:i-0a*", ["HG00096_align"]),
        ("owner:job-?:3", ["HG00097_hc"]),
        ('host:"i-0a*"', []),
        ("sig:kill", ["HG00096_align"]),
        ('signature="exit 137: Killed"', ["HG00096_align"]),
        ("sig=Killed", []),
        ("lock:L1", ["HG00096_align"]),
        ("id:*_*", ["HG00096_align", "HG00097_hc"]),
        ("exit:137", ["HG00096_align"]),
        ("exit:none", ["HG00097_hc", "chr1:10", "x"]),
        ("exit>128 exit<=137", ["HG00096_align"]),
        ("attempts>1", ["HG00096_align"]),
        ("attempts<2", ["HG00097_hc", "chr1:10", "x"]),
        ("age>2h", ["HG00096_align"]),
        ("age>=1h", ["HG00096_align", "HG00097_hc"]),
        ("age<1h30m", ["HG00097_hc", "chr1:10"]),
        ("age<=0.5d state:locked", ["HG00097_hc"]),
        ("percent>=75% tasks=4", ["chr1:10"]),
        ("failed>0", ["chr1:10"]),
        ("debris:any", ["x"]),
        ("debris:phantom,no-script", ["x"]),
        ("debris:none", ["HG00096_align", "HG00097_hc", "chr1:10"]),
        ("state:failed step:Align exit:137 age>2h host:i-0a* attempts>1", ["HG00096_align"]),
    ],
)
def test_what_a_filter_finds(text: str, ids: list[str]) -> None:
    assert found(text) == ids


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("state:", 6, "a value of state"),
        ("state:a,", 8, "a value of state"),
        ("x !", 3, "a term after !"),
        ("! x", 1, "a term after !"),
        ("stat:x", 0, "one of the fields state"),
        ("exit:a", 5, "a whole number"),
        ("exit>1,2", 5, "a single value after >"),
        ("step>a", 5, ": or = after step"),
        ("age:2h", 4, "one of < <= > >="),
        ("age>2", 4, "a time such as"),
        ("debris:bad", 7, "any, none or one of phantom"),
        ('x "abc', 6, 'the closing "'),
        ('"a"b', 3, "a space"),
        ("/ab", 3, "the closing /"),
        ("//", 1, "a regular expression between"),
        ("/a(b/", 2, "a valid regular expression"),
        ("/[[a]/", 1, "a valid regular expression"),
        ("/(?L)a/", 4, "a valid regular expression"),
        (f"/{'a' * 201}/", 201, "a valid regular expression"),
    ],
)
def test_a_wrong_filter_says_where_and_what_was_expected(text: str, position: int, expected: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert caught.value.position == position
    assert caught.value.expected.startswith(expected)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)*b", "(?:x(a*))+", "((a?b))*c", "(a+){2,}", "([)]+)+", "(\\(a+)*"]
)
def test_a_pattern_that_could_search_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(FilterError, match="for ever"):
        parse_filter(f"/{pattern}/")


@pytest.mark.parametrize(
    "pattern", ["(foo|bar)_[0-9]+", "(ab)+", "(a+)?", "(?:a|b){1}", "[(a+)]+", "\\(a+\\)*", "(a{3})+"]
)
def test_patterns_that_cannot_are_taken(pattern: str) -> None:
    assert not parse_filter(f"/{pattern}/").is_empty


def test_wildcards_do_not_multiply() -> None:
    text = "id:" + "*a" * 60 + "*b"
    assert not parse_filter(text).matches(ItemFacts("a" * 2048, "todo"), NOW)
    assert parse_filter(text).matches(ItemFacts("a" * 2047 + "b", "todo"), NOW)


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("step:Align", None),
        ("state:fail*", None),
        ("!state:done", None),
        ("state:todo,Parked", {"todo", "Parked"}),
        ("state:wall", {"Wall_Time_Exceeded"}),
        ("state:todo,done state:done,failed", {"done"}),
        ("state:todo,done !state:todo", {"done"}),
        ("state:todo,done state!=todo", {"done"}),
        ("!state!=failed", {"failed"}),
        ("state:todo state:done", set()),
    ],
)
def test_a_reader_can_ask_for_only_the_states_that_could_match(text: str, states: set[str] | None) -> None:
    assert parse_filter(text).states() == states


def test_a_state_that_no_item_is_in_is_a_slip() -> None:
    held = {"todo", "failed"}
    assert unknown_states(parse_filter("state:failde hg"), held) == ("failde",)
    for text in ("state:failed", "state:done,todo", "state:f*", "!state:done", "failde", ""):
        assert unknown_states(parse_filter(text), held) == ()


@given(TEXTS, st.sampled_from(["todo", "done", "failed", "Failed", "none", "Parked"]))
@example("!state!=todo", "todo")
def test_no_state_outside_those_named_ever_matches(text: str, state: str) -> None:
    filter_ = parsed(text)
    states = None if filter_ is None else filter_.states()
    if filter_ is not None and filter_.matches(ItemFacts("a", state), NOW):
        assert states is None or state in states


@given(TEXTS)
def test_parsing_raises_nothing_but_its_own_error_and_the_terms_survive_being_written_out(text: str) -> None:
    filter_ = parsed(text)
    if filter_ is None:
        return
    assert filter_.is_empty == (not text.strip())
    assert filter_.text == text.strip()
    assert parse_filter(filter_.text) == filter_
    written = parse_filter(" ".join(map(str, filter_.terms)))
    assert written == filter_
    for facts in ALL:
        assert written.matches(facts, NOW) == filter_.matches(facts, NOW)


@given(st.text(min_size=1))
def test_any_text_can_be_quoted_as_a_term_and_as_a_value(text: str) -> None:
    facts = ItemFacts(text, "todo", signature=text)
    for written in (quote(text), f"sig={quote(text)}", f"id:{quote(text)}"):
        assert parse_filter(written).matches(facts, NOW)
        assert not parse_filter("!" + written).matches(facts, NOW)
    assert not parse_filter(f"sig={quote(text)}").matches(ItemFacts("other", "todo", signature=text + "x"), NOW)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("st", ["state:", "step:"]),
        ("x !ag", ["age>"]),
        ("", []),
        ("state:", ['"On Hold"', "Wall_Time_Exceeded", "done", "failed", "locked", "todo"]),
        ("state:failed,WA", ["Wall_Time_Exceeded"]),
        ("!step:", ["Align", '"Call, all"']),
        ("owner:i", ["i-0a"]),
        ("debris:no", ["none", "no-script", "nothing-to-run"]),
        ("exit:", []),
        ('state:"On ', []),
    ],
)
def test_completion(text: str, words: list[str]) -> None:
    assert complete(text, len(text), ["Call, all", "Align"], ["On Hold"], ["i-0a"]) == words


@given(TEXTS, st.integers(0, 40), st.lists(st.text(min_size=1), max_size=3))
def test_a_completion_replaces_the_word_before_the_cursor(text: str, cursor: int, names: list[str]) -> None:
    cursor = min(cursor, len(text))
    assert 0 <= word_start(text, cursor) <= cursor
    complete(text, cursor, names, names, names)


@given(st.text(min_size=1))
def test_a_completed_value_finds_exactly_what_it_names(step: str) -> None:
    assert parse_filter("step:" + complete("step:", 5, [step], [], [])[0]).matches(
        ItemFacts("a", "todo", step=step), NOW
    )
