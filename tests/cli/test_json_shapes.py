"""docs/json.md is true: every command in it prints the fields that it names, and none of those shapes loses one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pyanamo_tui.core.workspace import Workspace
from tests.batchplace import make_queue
from tests.cli.conftest import Run
from tests.core.places import REGION

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
FREE = "<name>"


def documented() -> list[tuple[str, object]]:
    """Each command of the page, and the shape under it."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = []
    for section in sections:
        block = re.search(r"```json\n(.*?)```", section, re.DOTALL)
        assert block is not None, section
        found.append((section.partition("\n")[0].strip(), json.loads(block[1])))
    return found


def differences(shape: object, real: object, at: str = "") -> list[str]:
    """Where what was printed lacks a field of the shape."""
    if isinstance(shape, dict):
        if real is None:
            return []
        if not isinstance(real, dict):
            return [f"{at} is no object"]
        if set(shape) == {FREE}:
            return [one for name, value in real.items() for one in differences(shape[FREE], value, f"{at}.{name}")]
        missing = [f"{at}.{name} is not there" for name in shape if name not in real]
        return missing + [
            one for name in shape if name in real for one in differences(shape[name], real[name], f"{at}.{name}")
        ]
    if isinstance(shape, list) and real is not None:
        if not isinstance(real, list):
            return [f"{at} is no list"]
        return [one for value in real[:3] for one in differences(shape[0], value, f"{at}[]")] if shape else []
    return []


@pytest.mark.parametrize(("command", "shape"), documented(), ids=[name for name, _ in documented()])
def test_a_command_prints_what_the_page_says(
    run: Run, cohort: Workspace, tmp_path: Path, command: str, shape: object
) -> None:
    good, broken = tmp_path / "good.txt", tmp_path / "broken.txt"
    good.write_text("itemID|TaskID|TaskScript\nS1|Align|seq 3\nnew|Align|seq 4\n")
    broken.write_text("itemID|TaskID|TaskScript\nnew|Align|seq 4\nbad\n")
    if command == "activity":
        run("requeue", "S1", "--yes")
    places = {"FILE": str(good), "BROKEN": str(broken), "OUT": str(tmp_path / "out.jsonl")}
    if command.startswith("batch"):
        queue = make_queue(str(cohort.settings.endpoint_url), REGION)
        job = cohort.pilots.submit(cohort.pilots.plan(queue=queue, definition=queue)).job_id
        places |= {"QUEUE": queue, "JOB": job}
    words = [places.get(word, word) for word in command.split()]
    ran = run(*words, "--json", *(["--yes"] if {"requeue", "submit", "terminate"} & {*words} else []))
    # The jobs of the embedded server have ended by the time that they can be ended.
    code = 2 if "BROKEN" in command else 1 if "terminate" in command else 0
    assert ran.code == code, ran.err
    assert differences(shape, ran.json) == []


def test_the_shapes_that_others_rely_on_are_on_the_page() -> None:
    page = dict(documented())
    wanted = {
        "status": {
            *("table", "states", "total", "nested", "rate_per_minute", "eta_seconds"),
            *("as_of", "source", "consumed_read_units", "exact"),
        },
        "failures": {"groups"},
        "import FILE": {"read", "written", "skipped", "problems"},
        "requeue S1": {"action", "id", "changed", "skipped", "failed"},
    }
    for command, fields in wanted.items():
        shape = page[command]
        assert isinstance(shape, dict)
        assert fields <= set(shape)


def test_cron_can_trust_status_and_its_exit_code(run: Run, cohort: Workspace) -> None:
    ran = run("status", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["states"] == {"todo": 1, "done": 1, "failed": 3}
    assert ran.json["exact"] is True
    for arguments, code in (
        (["-t", "no-such-table"], 4),
        (["--profile", "nobody"], 3),
        (["--endpoint-url", "http://127.0.0.1:9"], 1),
        (["--intervall"], 2),
    ):
        failed = run("status", "--json", *arguments)
        assert (failed.code, failed.out) == (code, "")
        assert len(failed.err.splitlines()) == 2
