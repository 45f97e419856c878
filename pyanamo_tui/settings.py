"""One frozen Settings: flag over environment over file over default, each value with where it came from.

A wrong value never stops the program: the next source in that order counts instead, and what is wrong is told with its
line. One thing is on the safe side: where it cannot be known which tables the file protects, all are opened read-only.
"""

from __future__ import annotations

import difflib
import fnmatch
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import platformdirs

from pyanamo_tui.errors import SettingsError

APP: Final = "pyanamo-tui"
ENVIRONMENT_PREFIX: Final = "PYANAMO_TUI_"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off", ""})
MIN_INTERVAL: Final = 0.5
MAX_INTERVAL: Final = 3600.0
THEMES: Final = {
    "dark": "light on dark",
    "light": "dark on light",
    "high-contrast": "black and white, few and strong colours",
    "ansi": "the terminal's own 16 colours",
}
"""The themes of the dashboard, and what each is. `NO_COLOR` in the environment leaves out colour in any of them."""
_KEY: Final = r"""(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_HEADER_LINE: Final = re.compile(rf"\s*\[\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]")
_KEY_LINE: Final = re.compile(rf"\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")
_ONE_KEY: Final = re.compile(_KEY)
_PROTECTING: Final = frozenset({"read_only", "read_only_tables"})
_REMEMBERED: Final = frozenset({"theme"})
_UNSAFE: Final = "the safe side"
CHOSEN: Final = "chosen in the dashboard"
"""Where a value came from that was chosen in the dashboard before."""


def _as_text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text is expected")
    return value


def _as_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ValueError("true or false is expected")


def _as_interval(value: object) -> float:
    number = _as_number(value)
    if not MIN_INTERVAL <= number <= MAX_INTERVAL:
        raise ValueError(f"seconds from {MIN_INTERVAL} to {MAX_INTERVAL:.0f} are expected")
    return number


def _as_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number is expected")
    try:
        number = float(value)
    except ValueError:
        raise ValueError("a number is expected") from None
    if not 0 < number < float("inf"):
        raise ValueError("a number above 0 is expected")
    return number


def _as_patterns(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise ValueError("a list of texts is expected")


def _as_pairs(value: object) -> dict[str, str]:
    """Names and texts: a table of the file, however its dots are nested, or `name=text name=text` of a variable."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split()]
        if all(name and text for name, _, text in pairs):
            return {name: text for name, _, text in pairs}
    if isinstance(value, Mapping):
        found = dict(_flat(value))
        if all(isinstance(text, str) and text for text in found.values()):
            return {name: str(text) for name, text in found.items()}
    raise ValueError('names and texts are expected, one name = "text" a line')


def _flat(table: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _as_theme(value: object) -> str:
    if value in THEMES:
        return str(value)
    raise ValueError("one of " + ", ".join(THEMES) + " is expected")


def _setting(
    read: Callable[[object], object], help_text: str, *, default: object = None, aws: tuple[str, ...] = ()
) -> Any:  # noqa: ANN401 - a dataclass field
    return field(
        default_factory=lambda: default.copy() if isinstance(default, dict) else default,
        metadata={"read": read, "help": help_text, "aws": aws, "default": default},
    )


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """Something in the settings that could not be taken: where it stands, and what is wrong with it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, and how it was.

    Attributes:
        origins: for each name where its value came from.
        problems: what could not be taken.
        lines: the line of the settings file of each name, those of tables with a dot: `keymap.app.help`.
    """

    table: str | None = _setting(_as_text, "the workflow table to open")
    region: str | None = _setting(_as_text, "AWS region", aws=("AWS_REGION", "AWS_DEFAULT_REGION"))
    profile: str | None = _setting(_as_text, "profile of the AWS credentials", aws=("AWS_PROFILE",))
    endpoint_url: str | None = _setting(_as_text, "another endpoint for every AWS service", aws=("AWS_ENDPOINT_URL",))
    read_only: bool = _setting(_as_bool, "refuse every change, in the client", default=False)
    read_only_tables: tuple[str, ...] = _setting(
        _as_patterns, "tables opened read-only, as patterns such as prod-*", default=()
    )
    interval: float = _setting(_as_interval, "seconds between two looks at the table", default=2.0)
    read_budget: float | None = _setting(_as_number, "read units a second that monitoring may use")
    bucket: str | None = _setting(_as_text, "S3 bucket where engines keep large logs")
    key_prefix: str = _setting(_as_text, "prefix of those logs' keys", default="PyAnamo")
    endpoints: Mapping[str, str] = _setting(_as_pairs, "named endpoints to choose from, as name = URL", default={})
    theme: str = _setting(_as_theme, "colours of the dashboard: " + ", ".join(THEMES), default="dark")
    keymap: Mapping[str, str] = _setting(_as_pairs, "other keys, as binding id = keys", default={})
    origins: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[SettingsProblem, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def opens_read_only(self) -> bool:
        """Whether the table of these settings may not be changed, by flag or by its name."""
        table = self.table or ""
        return self.read_only or any(fnmatch.fnmatchcase(table, pattern) for pattern in self.read_only_tables)

    def where(self, name: str) -> str:
        """Where something of the settings stands, to be told with what is wrong with it."""
        origin, line = self.origins.get(name.partition(".")[0], "default"), self.lines.get(name)
        return f"{origin}, line {line}" if line is not None and origin.endswith(".toml") else origin


_NOT_SETTINGS: Final = frozenset({"origins", "problems", "lines"})
FIELDS: Final = {name: spec for name, spec in Settings.__dataclass_fields__.items() if name not in _NOT_SETTINGS}
"""Every setting by name; its metadata has `help`, `default` and `aws`, the AWS variables that also set it."""


def settings_path() -> Path:
    """Where the settings file is looked for when none is named."""
    return platformdirs.user_config_path(APP) / "settings.toml"


def state_path() -> Path:
    """Where journals, checkpoints, worker files and view state are kept on this host."""
    return platformdirs.user_state_path(APP)


def remembered_path() -> Path:
    """Where the dashboard keeps what was chosen in it."""
    return state_path() / "remembered.json"


def remembered() -> dict[str, object]:
    """What was chosen in the dashboard; empty where nothing was, or it cannot be read: nothing depends on it."""
    try:
        found = json.loads(remembered_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(name: str, value: object) -> None:
    """Keep something chosen in the dashboard for the next start.

    Raises:
        OSError: it cannot be written.
    """
    path = remembered_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(".new")
    new.write_text(json.dumps({**remembered(), name: value}, indent=1), encoding="utf-8")
    new.replace(path)


def key_lines(text: str) -> dict[str, int]:
    """The line of each key of a TOML text, by its whole dotted name; keys of inline tables are not among them."""
    found: dict[str, int] = {}
    header = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if begun := _HEADER_LINE.match(line):
            header = _dotted(begun[1]) + "."
            found.setdefault(header[:-1], number)
        elif key := _KEY_LINE.match(line):
            found.setdefault(header + _dotted(key[1]), number)
    return found


def _dotted(key: str) -> str:
    return ".".join(part.strip("\"'") for part in _ONE_KEY.findall(key))


@dataclass(frozen=True, slots=True)
class _File:
    """The settings file as it could be read. `readable` is False where there is one that cannot be."""

    path: Path
    values: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[SettingsProblem, ...] = ()
    readable: bool = True

    def where(self, name: str) -> str:
        line = self.lines.get(name)
        return str(self.path) if line is None else f"{self.path}, line {line}"


def _read_file(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return _File(path)
    except (OSError, UnicodeDecodeError) as error:
        return _File(path, problems=(SettingsProblem(str(path), f"it cannot be read: {error}"),), readable=False)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        where = f"{path}, line {found[1] if found else len(text.splitlines())}"
        what = f"not TOML, so that the whole file is left out: {str(error).partition(' (at')[0]}"
        return _File(path, problems=(SettingsProblem(where, what),), readable=False)
    lines = key_lines(text)
    known = {name: value for name, value in values.items() if name in FIELDS}
    file = _File(path, known, lines)
    unknown = tuple(SettingsProblem(file.where(name), _unknown(name)) for name in values if name not in FIELDS)
    return _File(path, known, lines, unknown)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, FIELDS, 1)
    return f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else "; see: pyanamo-tui settings")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        # No file can have such a name, by its length.
        return False


def load(flags: Mapping[str, object], environment: Mapping[str, str], path: Path | None = None) -> Settings:
    """The settings that hold: flag > `PYANAMO_TUI_*` > `AWS_*` > file > chosen in the dashboard > default.

    What cannot be taken of environment or file is left out and is in `problems` of the answer. Where that hides which
    tables are protected, everything is opened read-only.

    Args:
        flags: values given on the command line; None means not given.
        environment: usually `os.environ`.
        path: the settings file; None for the usual place. A named file must exist.

    Raises:
        SettingsError: a flag's value cannot be used, or the file that was named is not there.
    """
    if path is not None and not _is_there(path):
        raise SettingsError(f"There is no settings file {path}", "Check --config.")
    file = _read_file(path or settings_path())
    chosen = remembered()
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    problems = list(file.problems)
    unprotected = not file.readable
    for name in FIELDS:
        wrong: list[SettingsProblem] = []
        value, origins[name] = _flag(name, flags)
        if value is None:
            value, origins[name] = _first_usable(name, environment, file, wrong)
        if value is None and name in _REMEMBERED and chosen.get(name) in THEMES:
            value, origins[name] = chosen[name], CHOSEN
        if value is not None:
            values[name] = value
        problems += wrong
        unprotected = unprotected or (bool(wrong) and name in _PROTECTING)
    if unprotected and not values.get("read_only"):
        values["read_only"], origins["read_only"] = True, _UNSAFE
        problems.append(
            SettingsProblem(str(file.path), "so that no protected table is changed by mistake, all is read-only")
        )
    named = values.get("endpoints", {}).get(values.get("endpoint_url"))
    if named is not None:
        values["endpoint_url"] = named
    return Settings(**values, origins=origins, problems=tuple(problems), lines=file.lines)


def _flag(name: str, flags: Mapping[str, object]) -> tuple[object, str]:
    given, origin = flags.get(name), "--" + name.replace("_", "-")
    if given is None:
        return None, "default"
    try:
        return FIELDS[name].metadata["read"](given), origin
    except ValueError as error:
        raise SettingsError(f"{origin} {given}: {error}", "See: pyanamo-tui --help") from error


def _first_usable(
    name: str, environment: Mapping[str, str], file: _File, wrong: list[SettingsProblem]
) -> tuple[object, str]:
    """The first of environment and file that can be taken, and where it came from; adds to `wrong` those before it."""
    spec = FIELDS[name]
    variables = (ENVIRONMENT_PREFIX + name.upper(), *spec.metadata["aws"])
    candidates: list[tuple[object, str, str]] = [
        (environment.get(variable) or None, variable, variable) for variable in variables
    ]
    candidates.append((file.values.get(name), str(file.path), file.where(name)))
    for value, origin, where in candidates:
        if value is not None:
            try:
                return spec.metadata["read"](value), origin
            except ValueError as error:
                wrong.append(SettingsProblem(where, f"{name} = {_short(value)}: {error}"))
    return None, "default"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 - what fits a line with the rest
