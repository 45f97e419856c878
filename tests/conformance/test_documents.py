"""The documents name the tests that hold their rules: each named test exists, each section that code cites is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
DOCUMENTS = TESTS.parent / "docs"
CODE = TESTS.parent / "pyanamo_tui"
NAMED = re.compile(r"`(?:([\w/]+\.py)::)?(test_\w+)`")
CITED = re.compile(r'docs/wire-format\.md,\s+"([^"]+)"')


@pytest.mark.parametrize("name", ["wire-format.md", "import-format.md"])
def test_each_rule_names_a_test_that_exists(name: str) -> None:
    named = NAMED.findall((DOCUMENTS / name).read_text())
    assert len(named) > 10
    missing = []
    for path, test in named:
        file = TESTS / (path or "workflow/test_importfile.py")
        if not file.exists() or not re.search(rf"def {test}\(", file.read_text()):
            missing.append(f"{file.relative_to(TESTS)}::{test}")
    assert missing == []


def test_each_section_that_code_cites_is_there() -> None:
    sections = set(re.findall(r"^## (.+)$", (DOCUMENTS / "wire-format.md").read_text(), re.MULTILINE))
    cited = {found for file in CODE.rglob("*.py") for found in CITED.findall(file.read_text())}
    assert {"Table", "Transitions", "Failures", "Logs"} <= cited
    assert cited <= sections
