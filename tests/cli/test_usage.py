"""What was typed wrongly, or cannot be reached, ends in one clear line, the way out, and the exit code for it."""

from __future__ import annotations

import shlex
import subprocess
import sys

import click
import pytest

from pyanamo_tui.cli.main import COMMANDS, cli
from pyanamo_tui.core.workspace import Workspace
from tests.cli.conftest import Run


def started(code: str) -> subprocess.CompletedProcess[str]:
    """Python code run by itself, as a shell would start it."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_help_needs_neither_boto3_nor_textual() -> None:
    ran = started(
        "import sys\n"
        "from pyanamo_tui.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'boto3', 'botocore', 'textual', 'moto'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    assert ran.returncode == 0, ran.stderr
    assert "Commands:" in ran.stdout


def test_the_console_script_ends_as_the_command_does() -> None:
    command = [sys.executable, "-m", "pyanamo_tui.cli.main", "status"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.splitlines() == [
        "pyanamo-tui: No table is named",
        "Pass --table NAME, or set PYANAMO_TUI_TABLE.",
    ]


@pytest.mark.parametrize(
    ("redirected", "code", "told"),
    [("<&- >&-", 0, ""), (">/dev/full", 1, "The output cannot be written: No space left on device")],
    ids=["closed", "full"],
)
def test_output_that_goes_nowhere_is_no_fault_of_the_program(redirected: str, code: int, told: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m pyanamo_tui.cli.main settings {redirected}"
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == code, ran.stderr
    assert told in ran.stderr
    assert "fault" not in ran.stderr
    assert "Traceback" not in ran.stderr


def commands() -> list[tuple[str, ...]]:
    """Every command and subcommand there is."""
    context = click.Context(cli)
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = cli.get_command(context, name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, below) for below in command.commands]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_explains_itself_with_examples(run: Run, command: tuple[str, ...]) -> None:
    ran = run(*command, "--help")
    assert ran.code == 0
    assert "Examples:" in ran.out
    assert f"pyanamo-tui {' '.join(command)}" in ran.out.partition("Examples:")[2]


def test_every_command_of_the_design_is_there() -> None:
    named = {" ".join(command) for command in commands()}
    below = ("list", "create", "describe", "upgrade", "capacity", "autoscale", "delete")
    assert {f"tables {name}" for name in below} <= named
    assert {"import", "status", "items", "failures", "locked", "logs", "requeue", "set-state", "delete"} <= named
    assert {"undo", "activity", "doctor", "export", "restore", "settings", "completion", "demo"} <= named


@pytest.mark.parametrize(
    ("arguments", "what", "way_out"),
    [
        (["statsu"], "There is no command statsu", "Did you mean status?"),
        (["status", "--wacht", "3"], "No such option '--wacht'", "See: pyanamo-tui status --help"),
        (["import"], "Missing argument 'FILE'", "See: pyanamo-tui import --help"),
        (["requeue"], "No items are named", "--state"),
        (["requeue", "S1", "--state", "failed"], "named and chosen by an option too", "not both"),
        (["requeue", "S1", "--all-tasks", "--task", "Task_0"], "exclude each other", "one of them"),
        (["delete", "S1", "--all-tasks", "--task", "Task_0"], "exclude each other", "one of them"),
        (["items", "--filter", "exit:abc"], "Filter, character 6: expected a whole number", "items --help"),
        (["items", "--json", "--csv"], "exclude each other", "one of them"),
        (["tables", "create", "a b"], "'a b' cannot name a table", "' ' is none of them"),
        (["tables", "create", "--read-capacity", "5"], "both capacities", "--write-capacity"),
        (["tables", "autoscale", "--read", "9-3", "--write", "1-2"], "--read 9-3 is no range", "5-200"),
        (["tables", "autoscale", "--read", "3-9"], "go together", "--write"),
        (["tables", "capacity", "--on-demand", "--read", "5"], "--on-demand goes with neither", "one or the other"),
        (["set-state", "locked", "S1"], "Only a worker can lock an item", "Park items"),
        (["logs", "S1", "--stdout", "--stderr"], "exclude each other", "Leave both out"),
        (["status", "--config", "nowhere.toml"], "There is no settings file nowhere.toml", "--config"),
        (["status", "--config", "n" * 300], "There is no settings file nnn", "--config"),
        ([], "The dashboard needs a terminal", "pyanamo-tui status"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("place")
def test_wrong_usage_is_two_lines_and_2(run: Run, arguments: list[str], what: str, way_out: str) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    first, second = ran.err.splitlines()
    assert what in first
    assert way_out in second


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("command", ["status", "items", "failures", "locked", "import x.txt", "logs S1", "doctor"])
def test_a_table_that_is_not_there_is_4(run: Run, command: str, place: str) -> None:
    ran = run(*command.split())
    assert ran.code == 4
    assert ran.err.splitlines()[0] == f"pyanamo-tui: There is no table {place}"
    assert f"pyanamo-tui tables create -t {place}" in ran.err


def test_no_credentials_is_3(run: Run, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    ran = run("status")
    assert ran.code == 3
    assert ran.err.splitlines()[0] == "pyanamo-tui: There are no AWS credentials"
    assert "aws configure" in ran.err


def test_a_profile_that_is_not_there_is_3(run: Run, place: str) -> None:
    ran = run("status", "--profile", "nowhere")
    assert ran.code == 3
    assert "nowhere" in ran.err.splitlines()[0]
    assert "list-profiles" in ran.err.splitlines()[1]


def test_no_region_is_2(run: Run, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    ran = run("status")
    assert ran.code == 2
    assert "No AWS region is set" in ran.err


def test_no_network_is_said_at_once(run: Run, place: str) -> None:
    ran = run("status", "--endpoint-url", "http://127.0.0.1:9")
    assert ran.code == 1
    assert "cannot be reached" in ran.err.splitlines()[0]
    assert "Nothing answers there on this host." in ran.err


def test_a_table_of_another_kind_is_refused(run: Run, workspace: Workspace, place: str) -> None:
    other = f"{place}-other"
    workspace.connection.dynamodb.create_table(
        TableName=other,
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for command in (["status"], ["import", __file__]):
        ran = run(*command, "-t", other)
        assert ran.code == 2
        assert f"{other} is not a workflow table: its key is name, not itemID" in ran.err
    ran = run("tables", "delete", other, "--yes")
    assert ran.code == 2
    assert "was not deleted" in ran.err
    assert workspace.tables.exists(other)


def test_a_fault_of_our_own_leaves_a_report_and_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("pyanamo_tui.cli.place.load", broken)
    ran = run("settings")
    assert ran.code == 1
    assert "ZeroDivisionError: a fault" in ran.err
    assert "Please report it, with " in ran.err


def test_settings_say_where_each_value_came_from(run: Run, place: str) -> None:
    told = run("settings", "--json", "--region", "eu-west-1").json["settings"]
    assert told["table"] == {"value": place, "origin": "PYANAMO_TUI_TABLE"}
    assert told["region"] == {"value": "eu-west-1", "origin": "--region"}
    assert told["interval"] == {"value": 2.0, "origin": "default"}
    assert "PYANAMO_TUI_TABLE" in run("settings").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_what_the_shell_reads(run: Run, shell: str) -> None:
    ran = run("completion", shell)
    assert ran.code == 0
    assert "_PYANAMO_TUI_COMPLETE" in ran.out
