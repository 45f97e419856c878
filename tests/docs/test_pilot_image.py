"""The pilot image and its documentation, as far as they can be held without a container engine."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pyanamo_tui

ROOT = Path(pyanamo_tui.__file__).parent.parent


def test_the_image_installs_packages_as_the_project_bounds_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = re.findall(r'"([a-z0-9]+>=[^"]+)"', (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert {one.partition(">")[0] for one in installed} == {"boto3", "platformdirs", "psutil"}
    assert set(installed) <= set(project["dependencies"])


def test_what_the_image_is_built_from_is_let_in() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {word for line in re.findall(r"^COPY (?!--)(.*) \S+$", dockerfile, re.MULTILINE) for word in line.split()}
    let_in = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_example_of_a_job_definition_is_one() -> None:
    text = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    definition = json.loads(block)
    assert definition["type"] == "container"
    assert definition["containerProperties"]["logConfiguration"]["logDriver"] == "awslogs"
    assert definition["retryStrategy"]["attempts"] <= 10
