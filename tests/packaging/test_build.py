"""What is built holds the program and what it needs to run, and nothing of its tests."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this tree."""
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _wheel(built: Path) -> list[str]:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as packed:
        return packed.namelist()


def test_the_wheel_holds_every_module_its_styles_and_its_types(built: Path) -> None:
    names = set(_wheel(built))
    source = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "pyanamo_tui").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in names if name.startswith("pyanamo_tui/")}
    assert packed == source
    assert {"pyanamo_tui/py.typed", "pyanamo_tui/tui/styles/dashboard.tcss"} <= packed
    assert all(name.startswith("pyanamo_tui") for name in names)


def test_the_sdist_holds_no_tests(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as packed:
        names = [name.partition("/")[2] for name in packed.getnames()]
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "scripts", ".ci"))]
    assert {"pyproject.toml", "README.md", "LICENSE", "pyanamo_tui/py.typed"} <= set(names)


def test_the_commands_are_there_and_every_dependency_is_bounded(built: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as packed:
        (points,) = [name for name in packed.namelist() if name.endswith("entry_points.txt")]
        told = packed.read(points).decode()
    assert "pyanamo-tui = pyanamo_tui.cli.main:main" in told
    assert "pyanamo-engine = pyanamo_tui.engine.main:main" in told
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for needed in (*project["dependencies"], *project["optional-dependencies"]["local"]):
        assert ">=" in needed
        assert "<" in needed
