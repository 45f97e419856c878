"""The lists of keys, commands and settings in docs/ are those of the program as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyanamo_tui.settings import load
from pyanamo_tui.tui.keymap import checked
from scripts.reference import DOCS, PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_current(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page](), "run: make reference"


@pytest.mark.parametrize("page", ["settings.md", "keys.md"])
def test_an_example_of_settings_is_right_as_it_is_printed(page: str, tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    file = tmp_path / "settings.toml"
    file.write_text(example[1])
    settings = load({}, {}, file)
    keymap, problems = checked(settings)
    assert (settings.problems, problems) == ((), ())
    assert keymap["app.help"] == "f1"
