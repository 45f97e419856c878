"""A command becomes words once, the same way for import and for the engine."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.workflow.command import CommandError, split_command, why_unusable

COMMANDS = st.text(alphabet="ab '\"\\\t\n$é", max_size=20)


def test_splits_as_a_shell_would_without_being_one() -> None:
    assert split_command("sh -c 'echo a | wc' \"x y\" z\\ z > out", {}) == [
        "sh",
        "-c",
        "echo a | wc",
        "x y",
        "z z",
        ">",
        "out",
    ]


def test_a_variable_is_replaced_inside_its_word_and_never_split_again() -> None:
    environment = {"PYANAMO": "/opt/my tools", "PIPELINE": "it's ${PYANAMO}", "HOME": "/root"}
    assert split_command("${PYANAMO}/run '${PIPELINE}' ${HOME} $PYANAMO", environment) == [
        "/opt/my tools/run",
        "it's ${PYANAMO}",
        "${HOME}",
        "$PYANAMO",
    ]


def test_a_variable_that_is_not_set_stays_to_be_named_by_the_error() -> None:
    assert split_command("${PIPELINE}/x", {}) == ["${PIPELINE}/x"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "it is empty"),
        (" \t", "it is empty"),
        ("echo 'a", "a quote is not closed"),
        ('echo "a\\"', "a quote is not closed"),
        ("echo a\\", "it ends with a backslash that escapes nothing"),
        ("echo a\0b", "it holds a NUL byte"),
        ("'' a", "it names no program: its first word is empty"),
    ],
)
def test_what_could_never_start_is_refused_with_its_reason(command: str, why: str) -> None:
    assert why_unusable(command) == why
    with pytest.raises(CommandError, match=why):
        split_command(command, {})


@given(COMMANDS)
def test_the_quick_check_agrees_with_the_splitter(command: str) -> None:
    try:
        words = shlex.split(command, posix=True)
    except ValueError:
        assert why_unusable(command) is not None
        return
    assert (why_unusable(command) is None) == (bool(words) and words[0] != "")
