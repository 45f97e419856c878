"""One frozen Settings: flag over environment over file over default, each value with where it came from."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Callable, Mapping
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


def _as_keymap(value: object) -> dict[str, str]:
    if isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
        return dict(value)
    raise ValueError("a table of binding = keys is expected")


def _as_endpoints(value: object) -> dict[str, str]:
    if isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):
        return dict(value)
    raise ValueError("a table of name = URL is expected")


def _setting(
    read: Callable[[object], object], help_text: str, *, default: object = None, aws: tuple[str, ...] = ()
) -> Any:  # noqa: ANN401 - a dataclass field
    return field(
        default_factory=lambda: default.copy() if isinstance(default, dict) else default,
        metadata={"read": read, "help": help_text, "aws": aws},
    )


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. `origins` says for each name where its value came from."""

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
    endpoints: Mapping[str, str] = _setting(_as_endpoints, "named endpoints to choose from, as name = URL", default={})
    theme: str = _setting(_as_text, "colours of the dashboard", default="textual-dark")
    keymap: Mapping[str, str] = _setting(_as_keymap, "keys by binding", default={})
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def opens_read_only(self) -> bool:
        """Whether the table of these settings may not be changed, by flag or by its name."""
        table = self.table or ""
        return self.read_only or any(fnmatch.fnmatchcase(table, pattern) for pattern in self.read_only_tables)


FIELDS: Final = {name: spec for name, spec in Settings.__dataclass_fields__.items() if name != "origins"}
"""Every setting by name; its metadata has `help` and `aws`, the AWS variables that also set it."""


def settings_path() -> Path:
    """Where the settings file is looked for when none is named."""
    return platformdirs.user_config_path(APP) / "settings.toml"


def state_path() -> Path:
    """Where journals, checkpoints, worker files and view state are kept on this host."""
    return platformdirs.user_state_path(APP)


def read_file(path: Path) -> Mapping[str, object]:
    """The settings file's table; empty if there is no such file.

    Raises:
        SettingsError: it cannot be read or is not TOML; says the line.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", "Mend that line, or move the file away.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", "Check its permissions and encoding.") from error


def load(flags: Mapping[str, object], environment: Mapping[str, str], path: Path | None = None) -> Settings:
    """The settings that hold: flag > `PYANAMO_TUI_*` > `AWS_*` > file > default.

    Args:
        flags: values given on the command line; None means not given.
        environment: usually `os.environ`.
        path: the settings file; None for the usual place. A named file must exist.

    Raises:
        SettingsError: a value cannot be used, or a name in the file is unknown; says where.
    """
    if path is not None and not path.exists():
        raise SettingsError(f"There is no settings file {path}", "Check --config.")
    file = path or settings_path()
    from_file = read_file(file)
    unknown = sorted(set(from_file) - set(FIELDS))
    if unknown:
        raise SettingsError(f"{file} sets {unknown[0]}, which is no setting", "The settings are: " + ", ".join(FIELDS))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, spec in FIELDS.items():
        candidates: list[tuple[object, str]] = [(flags.get(name), "--" + name.replace("_", "-"))]
        variables = (ENVIRONMENT_PREFIX + name.upper(), *spec.metadata["aws"])
        candidates += [(environment.get(variable) or None, variable) for variable in variables]
        candidates.append((from_file.get(name), str(file)))
        value, origin = next(((v, o) for v, o in candidates if v is not None), (None, "default"))
        origins[name] = origin
        if value is not None:
            try:
                values[name] = spec.metadata["read"](value)
            except ValueError as error:
                raise SettingsError(f"{origin}: {name} = {value!r}: {error}", "Mend or remove it.") from error
    return Settings(**values, origins=origins)
