"""The lists of keys, commands and settings in docs/ are those of the program as it is."""

from __future__ import annotations

import pytest

from scripts.reference import DOCS, PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_current(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page](), "run: make reference"
