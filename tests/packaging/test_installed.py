"""Wheel, sdist and `pip install .`: each, in a virtual environment of its own, gives the same as the checkout."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.installations import ORIGINS, Built
from tests.packaging.runs import ROOT, from_checkout, run
from tests.packaging.test_layout import TOPS

pytestmark = pytest.mark.packaging

PACKED = ("chatworkspace", "adapters", "tests", "benchmarks", "docs", "examples")
"""Folders whose files a source distribution holds, all of them."""

USERS_TEST = """
import pytest


@pytest.mark.chatworkspace_seeds(3)
def test_racing_threads_get_one_workspace(chatworkspace_simulation):
    sim = chatworkspace_simulation
    docker = sim.coder.add_template("docker", build=30)
    sim.open_chat("chat-1")
    sim.coder.when("create_workspace").lose_answer()
    assert all(outcome.ready for outcome in sim.race(lambda: sim.workspaces.create("chat-1", docker.id), threads=4))
    assert len(sim.coder.workspaces) == 1
"""


@pytest.fixture(params=[pytest.param(origin, marks=() if origin == "wheel" else pytest.mark.deep) for origin in ORIGINS])
def installed(request: pytest.FixtureRequest, built: Built) -> Path:
    """Give the folder of programs of an environment in which it is installed, from each origin in turn."""
    return built.installed(request.param)


def test_the_command_does_the_same_everywhere(installed: Path, tmp_path: Path) -> None:
    """The installed command replays the packaged recording as the checkout does, character by character."""
    assert run(installed / "chatworkspace", "demo", "--fast", "--seed", "1", cwd=tmp_path) == from_checkout("demo", "--fast", "--seed", "1")


def test_the_module_is_the_command(installed: Path, tmp_path: Path) -> None:
    """`python -m chatworkspace_cli` is the same, and its JSON is one object a line, the last counting no duplicate."""
    lines = run(installed / "python", "-m", "chatworkspace_cli", "demo", "--json", cwd=tmp_path).splitlines()
    objects = [json.loads(line) for line in lines]
    assert all(isinstance(it, dict) for it in objects)
    assert objects[-1]["duplicates"] == 0


def test_the_command_tells_the_version_that_pip_tells(installed: Path, tmp_path: Path) -> None:
    """What is in the metadata, and what the command and the module say, is one and the same."""
    told = run(installed / "chatworkspace", "--version", cwd=tmp_path)
    script = "import importlib.metadata as it; print('chatworkspace', it.version('chatworkspace'))"
    assert (
        told
        == run(installed / "python", "-m", "chatworkspace_cli", "--version", cwd=tmp_path)
        == run(installed / "python", "-c", script, cwd=tmp_path)
    )


DRIVERS = {"backoff", "requests", "urllib3", "websocket-client", "certifi", "charset-normalizer", "idna", "psycopg", "typing-extensions"}
"""Of Coder's client and of the store in PostgreSQL, with what they bring along."""


def test_nothing_but_attrs_and_drivers_comes_with_it(installed: Path, tmp_path: Path) -> None:
    """Whoever installs it gets no test tool, and of the database driver the part in Python alone."""
    packages = json.loads(run(installed / "pip", "list", "--format=json", "--disable-pip-version-check", cwd=tmp_path))
    names = {package["name"].lower().replace("_", "-") for package in packages} - {"pip", "setuptools", "wheel"}
    assert names == {"attrs", "chatworkspace"} | DRIVERS


def test_what_was_installed_is_complete(installed: Path, tmp_path: Path) -> None:
    """Every module, py.typed and recording of the checkout lies in the environment; nothing called tests or adapters does."""
    script = "import pathlib, chatworkspace; print(pathlib.Path(chatworkspace.__file__).parents[1])"
    home = Path(run(installed / "python", "-c", script, cwd=tmp_path).strip())
    for name, folder in TOPS.items():
        assert _files(home / name) == _files(ROOT / folder)
    assert not {path.name for path in home.iterdir()} & {"tests", "adapters", "benchmarks", "docs"}


@pytest.mark.exhaustive
def test_pytest_finds_the_plugin(built: Built, tmp_path: Path) -> None:
    """Installed beside pytest, fixture and marker are there without a line of configuration, under pytest's strictest settings."""
    (tmp_path / "test_users.py").write_text(USERS_TEST, encoding="utf-8")
    printed = run(
        built.installed("wheel", "pytest") / "python", "-m", "pytest", "-q", "-W", "error", "--strict-markers", "test_users.py", cwd=tmp_path
    )
    assert "3 passed" in printed


@pytest.mark.exhaustive
def test_the_sdist_can_test_itself(built: Built) -> None:
    """The source distribution holds all that the test command needs, and what a reader looks for."""
    with tarfile.open(built.sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {str(path.relative_to(built.source)) for folder in PACKED for path in (built.source / folder).rglob("*") if path.is_file()}
    beside = {path.name for path in built.source.glob("*.md")} | {"LICENSE", "MANIFEST.in", "pyproject.toml", "setup.cfg", ".ci/run"}
    assert wanted | beside <= packed


def test_the_wheel_says_what_it_is(built: Built) -> None:
    """Licence, supported versions and the fact that it is typed are in the metadata, for tools to read."""
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    for line in ("License-Expression: MIT", "License-File: LICENSE", "Requires-Python: >=3.10", "Classifier: Typing :: Typed"):
        assert f"{line}\n" in metadata


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
