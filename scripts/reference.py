"""Writes docs/keys.md, docs/command-line.md and docs/settings.md from the bindings, the commands and the settings.

`python -m scripts.reference` writes them; a test holds that they are what it would write.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import click
from textual.binding import Binding

from pyanamo_tui.cli.main import COMMANDS, cli
from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.engine.options import parser as engine_parser
from pyanamo_tui.settings import ENVIRONMENT_PREFIX, FIELDS, THEMES, Settings
from pyanamo_tui.tui.app import Dashboard
from pyanamo_tui.tui.bindings import Scope, scopes
from pyanamo_tui.tui.keymap import RESERVED

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
_MADE: Final = "<!-- Made by `make reference` from the program itself: change it there. -->"
_WIDTH: Final = 100
_FLAGS: Final = {"table", "region", "profile", "endpoint_url", "read_only"}
"""Settings that a flag sets, too."""


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


# -- keys -------------------------------------------------------------------------------------


_TITLES: Final = {
    "Dashboard": "Everywhere",
    "DashboardScreen": "On every screen",
    "ItemListScreen": "On every list of items",
}
_ABOUT: Final = {
    "Dashboard": "Wherever nothing else has the keys.",
    "DashboardScreen": "Whatever it shows.",
    "ItemListScreen": "Items, nested, failures, locked, logs; below, each has the keys that it adds.",
}


def _title(scope: Scope) -> str:
    if scope.name in _TITLES:
        return _TITLES[scope.name]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", scope.name)
    for ending in (" Screen", " Modal"):
        words = words.removesuffix(ending)
    return words[0] + words[1:].lower()


def _about(scope: Scope) -> str:
    if scope.name in _ABOUT:
        return _ABOUT[scope.name]
    paragraph = (scope.node.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split())


def _keys(display: Callable[[Binding], str], found: list[Binding]) -> str:
    shown: list[str] = []
    for binding in found:
        for key in binding.key.split(","):
            one = display(
                Binding(key.strip(), "", "", key_display=binding.key_display if "," not in binding.key else None)
            )
            if one not in shown:
                shown.append(one)
    return " ".join(_code(key) for key in shown)


def _scope_lines(scope: Scope, display: Callable[[Binding], str], shared: set[tuple[str, str]]) -> Iterator[str]:
    by_id: dict[str, list[Binding]] = {}
    for binding in scope.bindings:
        if binding.description and (binding.id or "", binding.key) not in shared:
            by_id.setdefault(binding.id or "", []).append(binding)
    if not by_id:
        return
    yield f"## {_title(scope)}\n"
    yield f"{_about(scope)}\n"
    yield _row("keys", "what", "id")
    yield _row("---", "---", "---")
    for name, found in by_id.items():
        what = found[-1].tooltip or found[-1].description
        yield _row(_keys(display, found), what, _code(name))
    yield ""


def _bound(scope: Scope) -> set[tuple[str, str]]:
    return {(binding.id or "", binding.key) for binding in scope.bindings}


def _has_heirs(scope: Scope, found: Iterable[Scope]) -> bool:
    """Whether other screens are made of this one, so that it is never seen itself."""
    return any(other is not scope and issubclass(other.node, scope.node) for other in found)


def keys() -> str:
    """docs/keys.md: every binding of every scope, with the id by which it is remapped."""
    app = Dashboard(Settings(), Workspace)
    found = scopes()
    everywhere = next(scope for scope in found if scope.node is Dashboard)
    base = next(scope for scope in found if scope.name == "DashboardScreen")
    lines = [
        _MADE,
        "# Keys\n",
        "Lower case looks; upper case changes, and asks first. `?` shows the keys of the screen you are on, `:` finds",
        "everything by name. Any binding can have other keys: put its id into the settings file,",
        '\n```toml\n[keymap]\napp.help = "f1"\nlook.sort = "s, f3"\n```\n',
        "An id that there is not, a key that would do two things in one place, and a reserved key are told at the",
        "start with their line, and left as they were. Reserved: " + ", ".join(_code(key) for key in RESERVED) + ".\n",
    ]
    lines += _scope_lines(everywhere, app.get_key_display, set())
    lines += _scope_lines(base, app.get_key_display, set())
    lists = next(scope for scope in found if scope.name == "ItemListScreen")
    lines += _scope_lines(lists, app.get_key_display, _bound(base))
    first = sorted((one for one in found if one.is_screen and not _has_heirs(one, found)), key=lambda one: one.name)
    parts = sorted(
        (one for one in found if not (one.is_screen or one.is_app or one.is_modal)), key=lambda one: one.name
    )
    last = sorted((one for one in found if one.is_modal), key=lambda one: one.name)
    for scope in (*first, *parts, *last):
        shared = lists if issubclass(scope.node, lists.node) else base
        lines += _scope_lines(scope, app.get_key_display, _bound(shared))
    return "\n".join(lines).rstrip() + "\n"


# -- the command line -------------------------------------------------------------------------


def _where_options() -> set[str]:
    return {option for parameter in cli.params for option in parameter.opts}


def _plain(text: str) -> str:
    return re.sub(r"[ \t]+\n", "\n", text.replace("\b\n", "")).strip()


def _command_lines(command: click.Command, context: click.Context, depth: int) -> Iterator[str]:
    yield f"{'#' * depth} {context.command_path}\n"
    yield _prose(command.help or "") + "\n"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```\n"
    common = _where_options() if depth > 1 else set()
    own = [
        parameter
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option) and not set(parameter.opts) <= common | {"--help", "-h"}
    ]
    records = [record for parameter in own if (record := parameter.get_help_record(context)) is not None]
    if records:
        yield _row("option", "what")
        yield _row("---", "---")
        yield from (_row(_code(names), " ".join(help_text.split())) for names, help_text in records)
        yield ""
    if command.epilog:
        yield f"```text\n{_plain(command.epilog)}\n```\n"
    if isinstance(command, click.Group) and command is not cli:
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _command_lines(below, _context(below, context, name), depth + 1)


def _prose(text: str) -> str:
    """A docstring as paragraphs; what it leaves as it is (`\\b`) becomes a block."""
    parts = []
    for paragraph in re.split(r"\n[ \t]*\n", text.strip(" \n")):
        if "\b" in paragraph:
            parts.append(f"```text\n{_plain(paragraph)}\n```")
        else:
            parts.append("\n".join(line.strip() for line in paragraph.splitlines()))
    return "\n\n".join(parts)


def _context(command: click.Command, parent: click.Context | None, name: str) -> click.Context:
    return click.Context(command, parent=parent, info_name=name, max_content_width=_WIDTH, terminal_width=_WIDTH)


def command_line() -> str:
    """docs/command-line.md: every command, its own options and examples; the options that all share once."""
    root = _context(cli, None, "pyanamo-tui")
    lines = [_MADE, "# Command line\n"]
    lines += _command_lines(cli, root, 1)
    lines.append("The options above that say where, `--json` and `--yes` may stand before and after a command's name.")
    lines.append(
        "What `--json` prints is in [json.md](json.md). `pyanamo-tui COMMAND --help` says the same as this page.\n"
    )
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None
        lines += _command_lines(command, _context(command, root, name), 2)
    engine = engine_parser()
    engine.formatter_class = partial(argparse.HelpFormatter, width=_WIDTH)  # type: ignore[assignment]
    told = engine.format_help().strip()
    lines += ["## pyanamo-engine\n", "The worker; see [engine.md](engine.md).\n", f"```text\n{told}\n```\n"]
    return "\n".join(lines).rstrip() + "\n"


# -- settings ---------------------------------------------------------------------------------


def _default(value: object) -> str:
    if value is None or value in ((), {}):
        return "none"
    return _code(str(value).lower() if isinstance(value, bool) else str(value))


def settings() -> str:
    """docs/settings.md: every setting, what it means, its default and what else sets it."""
    rows = [_row("setting", "what", "default", "also set by"), _row("---", "---", "---", "---")]
    for name, spec in FIELDS.items():
        variables = [ENVIRONMENT_PREFIX + name.upper(), *spec.metadata["aws"]]
        flag = [f"--{name.replace('_', '-')}"] if name in _FLAGS else []
        others = ", ".join(_code(one) for one in (*flag, *variables))
        rows.append(_row(_code(name), spec.metadata["help"], _default(spec.metadata["default"]), others))
    return _SETTINGS.format(made=_MADE, rows="\n".join(rows), themes=_themes())


def _themes() -> str:
    return "\n".join(f"- `{name}`: {meaning}" for name, meaning in THEMES.items())


_SETTINGS: Final = """{made}
# Settings

One file, TOML: `~/.config/pyanamo-tui/settings.toml` on Linux, on macOS `settings.toml` in
`~/Library/Application Support/pyanamo-tui`, or what `--config FILE` names. There need not be one.
`pyanamo-tui settings` shows each value and where it came from: a flag wins over the variable of its name, that over the
AWS variables, those over the file, that over what was chosen in the dashboard, and that over the default.

{rows}

```toml
region = "eu-west-2"
read_only_tables = ["prod-*", "Cohort1"]
theme = "high-contrast"

[endpoints]
lab = "http://127.0.0.1:8000"

[keymap]
app.help = "f1"
look.sort = "s, f3"
```

**Read-only.** `read_only`, and `read_only_tables` for the tables that it names, refuse every change before it is sent,
whoever asks, from the dashboard and from commands, and after another table is opened, too. Patterns are those of the
shell, upper and lower case apart.

**Endpoints.** Those named in `[endpoints]` can be chosen under `@`, and used by name: `--endpoint-url lab`.

**Keys.** `[keymap]` gives bindings other keys, by the ids of [keys.md](keys.md). Several are set apart by commas.

**Themes.** One can be chosen in the palette (`:`, then theme), too, and is remembered where the settings name none.
With `NO_COLOR` in the environment no theme uses colour.

{themes}

**What is wrong** is told with its line, by commands on standard error and by the dashboard when it starts, and left
out; nothing is stopped by it. One thing is on the safe side: where it cannot be known which tables are protected,
since the file is not TOML or cannot be read, or `read_only` or `read_only_tables` are not what they must be, all is
read-only until it is mended. `--config /dev/null` does without the file.
"""

PAGES: Final[dict[str, Callable[[], str]]] = {
    "keys.md": keys,
    "command-line.md": command_line,
    "settings.md": settings,
}


def main() -> int:
    """Write every page that is not current; says which."""
    for name, made in PAGES.items():
        path, text = DOCS / name, made()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote docs/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
