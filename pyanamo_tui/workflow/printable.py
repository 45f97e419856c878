"""What makes foreign text safe to write to a terminal, and safe to name a file by.

Ids, scripts, logs and errors are data: none of their characters may move the cursor, change colours, reorder or
hide other text, or reach outside a folder. Pure text in, pure text out; the screens give it style.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

TAB_COLUMNS: Final = 8
FILE_NAME_BYTES: Final = 120
_UNNAMED: Final = "unnamed"

_C0_PICTURES: Final = 0x2400
_DEL_PICTURE: Final = "\u2421"
_DEL: Final = 0x7F

_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that draw nothing: `str.isprintable` takes them for text, a reader cannot see them."""


def printable(text: str, *, keep_newlines: bool = False) -> str:
    """The text with everything that a terminal would act on, or hide, made visible.

    C0 controls and DEL become their pictures (ESC is shown as the one-cell sign of U+241B); C1 controls, bidirectional
    marks, zero-width and other format characters, line separators, lone surrogates, private and unassigned code points
    become `<U+202E>`. Tabs become spaces up to the next multiple of 8 columns. `keep_newlines` leaves line feeds, and
    makes CR LF one. The result has no character that Unicode calls control, format, surrogate, private or
    unassigned (but a kept line feed), and is its own printable form. Quick where there is nothing to do.
    """
    if _harmless(text):
        return text
    if not keep_newlines:
        return _visible(text).expandtabs(TAB_COLUMNS)
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(_visible(line).expandtabs(TAB_COLUMNS) for line in lines)


def _harmless(text: str) -> bool:
    """Whether there is nothing to make visible, quickly; False for rare spaces too, which `_shown` then leaves."""
    return text.isprintable() and (text.isascii() or not _INVISIBLE.search(text))


def _visible(text: str) -> str:
    """The text with all but its tabs made visible."""
    return text if _harmless(text) else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character == "\t" or unicodedata.category(character) == "Zs":
        return character
    if character.isprintable() and not _INVISIBLE.match(character):
        return character
    code = ord(character)
    if code < ord(" "):
        return chr(_C0_PICTURES + code)
    return _DEL_PICTURE if code == _DEL else f"<U+{code:04X}>"


def printable_in_place(text: str) -> str:
    """The text with one character for each of it: what would be hidden, or acted on, is a sign of one cell.

    For lines that are edited, where a cursor stands between characters: C0 controls, tabs too, and DEL become their
    pictures, all else that `printable` spells out becomes U+FFFD.
    """
    return text if _harmless(text) else "".join(_sign(character) for character in text)


def _sign(character: str) -> str:
    shown = chr(_C0_PICTURES + ord("\t")) if character == "\t" else _shown(character)
    return shown if len(shown) == 1 else "\ufffd"


def decode_output(output: bytes) -> str:
    r"""A program's output as text: UTF-8, with each byte that is not UTF-8 written as `\xNN`. Never fails."""
    return output.decode("utf-8", errors="backslashreplace")


Colour = int | tuple[int, int, int]
"""A palette number (0–15 the terminal's own, up to 255 the fixed ones), or red, green and blue (0–255 each)."""


@dataclass(frozen=True, slots=True)
class Sgr:
    """How a run of text was asked to look ("Select Graphic Rendition", ECMA-48); None is the terminal's own colour."""

    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    foreground: Colour | None = None
    background: Colour | None = None


PLAIN: Final = Sgr()

_SGR_SEQUENCE: Final = re.compile("\x1b\\[([0-9;:]{0,64})m")
_MAX_CHANNEL: Final = 255
_UNDERLINE: Final = 4
_INDEXED, _TRUE_COLOUR = 5, 2
_FOREGROUND, _BACKGROUND = 38, 48
_COLOURS: Final[dict[int, tuple[int, Colour | None]]] = {
    39: (_FOREGROUND, None),
    49: (_BACKGROUND, None),
    **{30 + colour: (_FOREGROUND, colour) for colour in range(8)},
    **{40 + colour: (_BACKGROUND, colour) for colour in range(8)},
    **{90 + colour: (_FOREGROUND, 8 + colour) for colour in range(8)},
    **{100 + colour: (_BACKGROUND, 8 + colour) for colour in range(8)},
}
"""Codes that set or end a colour: which of the two, and what it becomes."""
_SWITCHES: Final[dict[int, dict[str, bool]]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
}


def split_ansi(line: str, style: Sgr = PLAIN) -> list[tuple[str, Sgr]]:
    """A log line as runs of printable text, each with the style that the line's colour sequences give it.

    `style` is what the line begins with. Colour and attribute sequences (`ESC [ … m`) are taken as styles; hiding and
    blinking are ignored; every other escape sequence is made visible as `printable` does. Neighbouring runs
    differ in style and none is empty; an empty line has none.
    """
    runs: list[tuple[str, Sgr]] = []
    column = 0
    # Odd elements are what stood between `ESC [` and `m`.
    for index, part in enumerate(_SGR_SEQUENCE.split(line)):
        if index % 2:
            style = apply_sgr(style, part)
            continue
        lead = column % TAB_COLUMNS
        text = (" " * lead + _visible(part)).expandtabs(TAB_COLUMNS)[lead:]
        column += len(text)
        if not text:
            continue
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + text, style)
        else:
            runs.append((text, style))
    return runs


def apply_sgr(style: Sgr, parameters: str) -> Sgr:
    """The style after one sequence with these parameters (`1;38;5;208`); what is not known or out of range is ignored.

    `parameters` holds digits, `;` and `:` only, as `split_ansi` finds them.
    """
    waiting = parameters.split(";")
    waiting.reverse()
    while waiting:
        group = waiting.pop()
        code, *details = [int(digits) if digits else 0 for digits in group.split(":")]
        if code in {_FOREGROUND, _BACKGROUND}:
            colour = _colour_of(details) if details else _legacy_colour(waiting)
            if colour is not None:
                style = _coloured(style, code, colour)
        elif code == 0:
            style = PLAIN
        elif code == _UNDERLINE and details:
            style = replace(style, underline=details[0] != 0)
        elif code in _SWITCHES:
            style = _switched(style, _SWITCHES[code])
        elif code in _COLOURS:
            style = _coloured(style, *_COLOURS[code])
    return style


def _coloured(style: Sgr, side: int, colour: Colour | None) -> Sgr:
    return replace(style, foreground=colour) if side == _FOREGROUND else replace(style, background=colour)


def _switched(style: Sgr, switches: dict[str, bool]) -> Sgr:
    return replace(
        style,
        bold=switches.get("bold", style.bold),
        dim=switches.get("dim", style.dim),
        italic=switches.get("italic", style.italic),
        underline=switches.get("underline", style.underline),
        reverse=switches.get("reverse", style.reverse),
    )


def _legacy_colour(waiting: list[str]) -> Colour | None:
    """The colour of `38;5;N` or `38;2;R;G;B`, taken off the end of the parameters still waiting (last is next)."""
    if not waiting:
        return None
    kind = waiting.pop()
    wanted = {str(_INDEXED): 1, str(_TRUE_COLOUR): 3}.get(kind, 0)
    taken = [waiting.pop() for _ in range(min(wanted, len(waiting)))]
    if not wanted or any(":" in digits for digits in taken):
        return None
    return _colour_of([int(kind), *(int(digits or 0) for digits in taken)])


def _colour_of(details: list[int]) -> Colour | None:
    """The colour of `5, N` or `2, R, G, B`, also with the colour space that the colon form may carry first."""
    channels = details[1:]
    if any(channel > _MAX_CHANNEL for channel in channels):
        return None
    match details[0], channels:
        case (5, [number]):
            return number
        case (2, [red, green, blue]) | (2, [_, red, green, blue]):
            return (red, green, blue)
    return None


def clean_file_name(text: str) -> str:
    """A file name made of any text: letters, digits and `._-+=@,`; at most 120 bytes of UTF-8; never empty.

    It begins with a letter, digit or `_`, so that it is no hidden file, no option and no `..`. Where something had to
    be changed or cut, a dash and eight digits made from the whole text are added: two texts do not fall on one name.
    A name that this gave comes back as it is.
    """
    name = "".join(character if _fits_file_name(character) else "_" for character in text)
    if name[:1] and not (name[0].isalnum() or name[0] == "_"):
        name = "_" + name[1:]
    if name == text and 0 < len(name.encode()) <= FILE_NAME_BYTES:
        return name
    mark = "-" + blake2b(text.encode(errors="surrogatepass"), digest_size=4).hexdigest()
    kept = (name or _UNNAMED).encode()[: FILE_NAME_BYTES - len(mark)].decode(errors="ignore")
    return kept + mark


def _fits_file_name(character: str) -> bool:
    return character in "._-+=@," or (character.isalnum() and not _INVISIBLE.match(character))
