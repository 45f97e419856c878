"""No text of others can act on a terminal or name a file outside its folder."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyanamo_tui.workflow.printable import (
    FILE_NAME_BYTES,
    PLAIN,
    Sgr,
    clean_file_name,
    decode_output,
    printable,
    split_ansi,
)

HOSTILE = st.text(
    alphabet=st.one_of(
        st.characters(codec=None),
        st.sampled_from("\x1b\x9b\x7f\r\n\t\u202e\u2066\u200e\u200b\u2028\ufeff\ud800\ue000\U000e0041\ufe0f[;:m031"),
    ),
    max_size=40,
)
SEQUENCES = st.lists(
    st.one_of(HOSTILE, st.from_regex(r"\A\x1b\[[0-9;:]{0,12}m\Z"), st.sampled_from(["\x1b[1m", "\x1b[38;5;9m", "x\t"]))
).map("".join)
DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def dangerous(text: str) -> list[str]:
    return [character for character in text if unicodedata.category(character) in DANGEROUS]


@given(HOSTILE)
def test_nothing_that_a_terminal_acts_on_comes_through(text: str) -> None:
    shown = printable(text)
    assert not dangerous(shown)
    assert printable(shown) == shown
    assert len(shown) >= len(text) - text.count("\t")


@given(HOSTILE)
def test_kept_newlines_are_the_only_controls(text: str) -> None:
    shown = printable(text, keep_newlines=True)
    assert set(dangerous(shown)) <= {"\n"}
    assert shown.count("\n") == text.count("\n")
    assert printable(shown, keep_newlines=True) == shown


@given(
    st.text(
        alphabet=st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u115f\u1160\u2800\u3164\uffa0")
    )
)
def test_plain_text_of_any_script_is_left_alone(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", "\u241b]0;owned\u2407"),
        ("\x7f\x9b31m", "\u2421<U+009B>31m"),
        ("sample\u202etxt.exe", "sample<U+202E>txt.exe"),
        ("a\u200bb\ufeff\u2028", "a<U+200B>b<U+FEFF><U+2028>"),
        ("\U000e0041\ue000\ud800\ufe0f\u3164", "<U+E0041><U+E000><U+D800><U+FE0F><U+3164>"),
        ("a\tb\t\tc", "a       b               c"),
        ("caf\u00e9 \u4e2d\u00a0x", "caf\u00e9 \u4e2d\u00a0x"),
        ("one\r\ntwo\n", "one\u240d\u240atwo\u240a"),
    ],
)
def test_what_a_reader_sees(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_kept_newlines_start_the_tab_stops_again() -> None:
    assert printable("abc\tx\r\n\ty\rz", keep_newlines=True) == "abc     x\n        y\u240dz"


@given(st.binary())
def test_any_output_decodes_and_the_valid_part_is_untouched(output: bytes) -> None:
    text = decode_output(output)
    assert decode_output(text.encode()) == text


def test_bytes_that_are_not_utf8_are_named() -> None:
    assert decode_output(b"caf\xe9 \xc3\xa9 \xed\xa0\x80") == "caf\\xe9 \u00e9 \\xed\\xa0\\x80"


@given(SEQUENCES)
def test_a_styled_line_shows_nothing_dangerous_and_has_no_idle_runs(line: str) -> None:
    runs = split_ansi(line)
    assert not dangerous("".join(text for text, _ in runs))
    assert all(text for text, _ in runs)
    assert all(before[1] != after[1] for before, after in pairwise(runs))


@given(HOSTILE.filter(lambda text: "\x1b[" not in text))
def test_a_line_without_colours_is_one_plain_printable_run(line: str) -> None:
    assert split_ansi(line) == ([(printable(line), PLAIN)] if line else [])


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("1;4;7", Sgr(bold=True, underline=True, reverse=True)),
        ("2;3", Sgr(dim=True, italic=True)),
        ("1;22;4;24;3;23;7;27", PLAIN),
        ("31;102", Sgr(foreground=1, background=10)),
        ("31;39;44;49", PLAIN),
        ("38;5;208;48;5;0", Sgr(foreground=208, background=0)),
        ("38;2;1;2;3;1", Sgr(foreground=(1, 2, 3), bold=True)),
        ("38:2::1:2:3", Sgr(foreground=(1, 2, 3))),
        ("48:5:7", Sgr(background=7)),
        ("4:3", Sgr(underline=True)),
        ("4;4:0", PLAIN),
        ("1;", PLAIN),
        ("31;0", PLAIN),
        ("", PLAIN),
        ("8;5;9;99999", PLAIN),
        ("38;5;256", PLAIN),
        ("38;5", PLAIN),
        ("38", PLAIN),
        ("38;2;1;2", PLAIN),
        ("38;5;999;1", Sgr(bold=True)),
        ("38;7;1", Sgr(bold=True)),
    ],
)
def test_colour_sequences_are_understood(parameters: str, style: Sgr) -> None:
    assert split_ansi(f"\x1b[{parameters}mx") == [("x", style)]


def test_styles_last_until_changed_and_other_sequences_are_shown() -> None:
    assert split_ansi("a\x1b[31mred\x1b[1m bold\x1b[K\x1b[0m\x1b[0mplain\x1b[2J") == [
        ("a", PLAIN),
        ("red", Sgr(foreground=1)),
        (" bold\u241b[K", Sgr(foreground=1, bold=True)),
        ("plain\u241b[2J", PLAIN),
    ]


def test_a_line_may_begin_in_the_style_of_the_one_before_and_tabs_count_columns_over_runs() -> None:
    red = Sgr(foreground=1)
    assert split_ansi("abc\x1b[0m\tx", red) == [("abc", red), ("     x", PLAIN)]


@given(HOSTILE)
@example("..")
@example(".")
@example("-rf")
@example("a/b")
@example("x" * 500)
def test_a_file_name_is_one_harmless_name(text: str) -> None:
    name = clean_file_name(text)
    assert 0 < len(name.encode()) <= FILE_NAME_BYTES
    assert name[0] not in ".-"
    assert not set(name) & set("/\\\0 \n~$*?'\"")
    assert not dangerous(name)
    assert clean_file_name(name) == name


@pytest.mark.parametrize(
    ("text", "start"),
    [("HG00096_align.Task_3", "HG00096_align.Task_3"), ("../../etc/passwd", "_._.._etc_passwd-"), ("", "unnamed-")],
)
def test_file_names_stay_recognisable(text: str, start: str) -> None:
    assert clean_file_name(text).startswith(start)


@given(st.tuples(HOSTILE, HOSTILE).filter(lambda pair: pair[0] != pair[1]))
def test_two_texts_do_not_share_a_file(pair: tuple[str, str]) -> None:
    assert clean_file_name(pair[0]) != clean_file_name(pair[1])
