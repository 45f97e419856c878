"""A wrong setting is told with its line and never stops the program; what it hides is on the safe side."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.core.workspace import Workspace
from pyanamo_tui.settings import FIELDS, Settings, key_lines, load, remember, settings_path
from tests.cli.conftest import Run


def written(text: str) -> Path:
    """The settings file at its usual place, holding this."""
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def held(**environment: str) -> Settings:
    """What holds with these variables and the file at its usual place."""
    return load({}, environment)


def said(settings: Settings) -> list[str]:
    """The problems, a line each."""
    return [str(problem) for problem in settings.problems]


def test_wrong_values_fall_back_and_are_told_by_line() -> None:
    path = written('table = "Cohort7"\n\ninterval = "often"\nthem = "light"\nzzz = 1\nbucket = 7\n')
    settings = held()
    assert (settings.table, settings.interval, settings.bucket, settings.theme) == ("Cohort7", 2.0, None, "dark")
    assert settings.problems
    told = said(settings)
    assert f"{path}, line 3: interval = 'often': a number is expected" in told
    assert f"{path}, line 4: them is no setting; did you mean theme?" in told
    assert f"{path}, line 5: zzz is no setting; see: pyanamo-tui settings" in told
    assert f"{path}, line 6: bucket = 7: a text is expected" in told
    assert len(told) == 4
    assert not settings.read_only


def test_a_wrong_variable_falls_back_to_the_file() -> None:
    path = written("interval = 5\n")
    settings = held(PYANAMO_TUI_INTERVAL="never")
    assert settings.interval == 5.0
    assert settings.origins["interval"] == str(path)
    assert said(settings) == ["PYANAMO_TUI_INTERVAL: interval = 'never': a number is expected"]


@pytest.mark.parametrize(
    ("text", "line"), [("interval = 2\ntable = \n", 2), ('a = "x"\na = "y"\n', 2), ("[keymap\n", 1), ("\x00", 1)]
)
def test_a_file_that_is_not_toml_is_left_out_whole_and_all_is_read_only(text: str, line: int) -> None:
    path = written(text)
    settings = held()
    assert said(settings)[0].startswith(f"{path}, line {line}: not TOML, so that the whole file is left out")
    assert settings.interval == 2.0
    assert settings.opens_read_only
    assert "all is read-only" in said(settings)[-1]


def test_a_file_that_is_not_text_is_told() -> None:
    written("")
    settings_path().write_bytes(b"table = '\xff\xfe'\n")
    settings = held()
    assert "cannot be read" in said(settings)[0]
    assert settings.opens_read_only


@pytest.mark.parametrize("text", ["read_only = 7\n", "read_only_tables = 3\n", "read_only_tables = [1]\n"])
def test_protection_that_cannot_be_read_protects_everything(text: str) -> None:
    written('table = "any"\n' + text)
    assert held().opens_read_only


def test_patterns_protect_by_name() -> None:
    written('read_only_tables = ["prod-*", "Cohort?"]\n')
    for table, protected in (("prod-1", True), ("Cohort7", True), ("Cohort77", False), ("my-prod-1", False)):
        assert load({"table": table}, {}).opens_read_only is protected


def test_a_pattern_of_the_file_refuses_a_command(run: Run, cohort: Workspace) -> None:
    written(f'read_only_tables = ["{cohort.table[:6]}*"]\n')
    ran = run("requeue", "S1", "--yes")
    assert ran.code == 3
    assert "Read-only" in ran.err
    assert cohort.item("S1").facts.state == "failed"


def test_commands_go_on_and_say_what_is_wrong_once(run: Run, cohort: Workspace) -> None:
    path = written("intervall = 3\n")
    ran = run("status", "--json")
    assert ran.code == 0
    assert ran.json["total"] == 5
    assert ran.err.splitlines() == [f"pyanamo-tui: {path}, line 1: intervall is no setting; did you mean interval?"]


def test_the_settings_command_tells_all_and_ends_with_1_where_something_is_wrong(run: Run) -> None:
    assert run("settings").code == 0
    path = written('[keymap]\napp.help = "f1"\napp.hlep = "f2"\nlook.sort = "ctrl+s"\n"app.pause" = "r"\n')
    ran = run("settings", "--json")
    assert ran.code == 1
    assert ran.json["settings"]["keymap"]["value"]["app.help"] == "f1"
    wrong = {problem["where"]: problem["what"] for problem in ran.json["problems"]}
    assert wrong[f"{path}, line 3"] == "app.hlep is no binding; did you mean app.help?"
    assert wrong[f"{path}, line 4"] == "look.sort = 'ctrl+s': ctrl+s cannot be bound: terminals take it"
    assert wrong[f"{path}, line 5"] == "app.pause = 'r': r is app.refresh already"
    assert len(wrong) == 3
    text = run("settings")
    assert text.code == 1
    assert "app.help = f1" in text.out
    assert "line 1" in text.out  # where the table of keys begins
    assert "wrong: " in text.err


def test_an_endpoint_is_named_once_and_used_by_its_name() -> None:
    written('endpoint_url = "lab"\n[endpoints]\nlab = "http://127.0.0.1:8000"\n"other one" = "http://127.0.0.1:8001"\n')
    settings = held()
    assert settings.endpoint_url == "http://127.0.0.1:8000"
    assert settings.endpoints["other one"] == "http://127.0.0.1:8001"
    assert load({"endpoint_url": "other one"}, {}).endpoint_url == "http://127.0.0.1:8001"
    assert held(PYANAMO_TUI_ENDPOINTS="a=http://a b=http://b").endpoints == {"a": "http://a", "b": "http://b"}


def test_a_theme_chosen_before_holds_until_the_settings_name_one() -> None:
    remember("theme", "light")
    assert (held().theme, held().origins["theme"]) == ("light", "chosen in the dashboard")
    written('theme = "ansi"\n')
    assert held().theme == "ansi"
    assert held(PYANAMO_TUI_THEME="high-contrast").theme == "high-contrast"
    written('theme = "pink"\n')
    assert held().theme == "light"
    remember("theme", "pink")
    assert held().theme == "dark"


def test_every_setting_can_be_set_by_its_variable() -> None:
    examples = {
        "read_only": "yes",
        "read_only_tables": "a*, b*",
        "interval": "3",
        "read_budget": "9",
        "theme": "light",
        "endpoints": "a=http://a",
        "keymap": "app.help=f1",
    }
    for name in FIELDS:
        variable = f"PYANAMO_TUI_{name.upper()}"
        settings = load({}, {variable: examples.get(name, "text")})
        assert settings.origins[name] == variable
        assert getattr(settings, name) != getattr(load({}, {}), name)


@given(st.text(max_size=200))
def test_lines_are_found_in_any_text(text: str) -> None:
    lines = key_lines(text)
    assert all(1 <= number <= max(1, len(text.splitlines())) for number in lines.values())


def test_lines_of_tables_and_dotted_keys() -> None:
    text = '# x = 1\na = 1\n[keymap]\n  "app.help" = "f1"\napp.back="b"\n\n[ endpoints ]\n\'lab\' = "u"\n'
    assert key_lines(text) == {
        "a": 2,
        "keymap": 3,
        "keymap.app.help": 4,
        "keymap.app.back": 5,
        "endpoints": 7,
        "endpoints.lab": 8,
    }
