"""What `python -m tests` runs, by what it is asked for."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.packaging.lowest import lowest_requirements, tools
from tests.required import VARIABLE, is_required
from tests.runs.interpreters import ROOT, label, not_here, other_interpreters, required, requirements, settings
from tests.runs.lanes import Shell, Step
from tests.runs.places import places

PYTHON = sys.executable
HOUR = 60.0
"""Minutes of a storm over each store, before a release."""
WORLDS = 20_000
"""Worlds that are looked at then."""

WAITING = ("-n", str((os.cpu_count() or 1) + 1))
"""A process more than processors, for tests that wait for sockets, servers and leases a part of the time, beside others that do not."""
TOGETHER = ("-n", "0")
"""One process, for few tests that share what takes long to be made."""

INTERPRETERS = "interpreters"
"""Named in CHATWORKSPACE_REQUIRE, a version that is claimed and not there fails the run."""

Lanes = Sequence[Sequence[Step]]


def quick() -> Lanes:
    """Return what every change has to pass: each part once."""
    return [
        [
            Step(f"ordinary tests, {label(sys.version_info[:2])}", pytest()),
        ],
        [
            Step("ruff check", python("-m", "ruff", "check", ".")),
            Step("ruff format --check", python("-m", "ruff", "format", "--check", ".")),
            Step("the example under real web servers, and in a browser", marked("web", *WAITING)),
            Step("processes that are killed", marked("crash", *WAITING)),
            Step("packaging and typing tests", marked("packaging", *TOGETHER)),
            Step("mypy --strict", python("-m", "mypy")),
        ],
        [
            Step("adapters over sockets, files and processes", marked("adapters", *WAITING)),
        ],
    ]


def exhaustive() -> Lanes:
    """Return what quick() leaves out: every way of the same, longer storms, and the other interpreters.

    The oldest of them has the oldest versions of all that setup.cfg requires.
    """
    others, this = sorted(other_interpreters().items()), (sys.version_info[:2], PYTHON)
    oldest = others.pop(0) if others else this
    tests = [Step(f"ordinary tests with the oldest versions of all requirements, {label(oldest[0])}", partial(with_the_oldest, oldest[1]))]
    tests += [Step(f"ordinary tests, {label(version)}", partial(elsewhere, other)) for version, other in others]
    tests += [Step(f"ordinary tests, {label(version)}", lacking) for version in not_here() if is_required(INTERPRETERS)]
    return [
        [
            Step("every level, every way, and more of the same", pytest("-m", "exhaustive and not deep and not crash and not packaging", *WAITING)),
        ],
        tests,
        [
            Step("pyright, strict", python("-m", "pyright", "--pythonpath", PYTHON)),
            Step("packaging and typing by every other way, drivers of the oldest versions included", marked("packaging", more=True)),
            Step("processes that are killed anywhere, and longer storms", marked("crash", more=True)),
            Step("the how-to pages with the vendors' own packages", with_sdks),
        ],
    ]


def not_run() -> list[str]:
    """Return what exhaustive() leaves out because this machine has no interpreter for it, a line each."""
    return [] if is_required(INTERPRETERS) else [f"not run here: {label(version)}, which setup.cfg claims" for version in not_here()]


def deep(minutes: float) -> Lanes:
    """Return what is run by hand before a release. minutes: of a storm; there are fewer worlds in proportion where it is not an hour."""
    worlds = max(round(WORLDS * minutes / HOUR), 1)
    storms = [
        Step(f"{minutes:g} minutes of a storm over {store}", python("-m", "tests.crash.storm", "--minutes", str(minutes), "--store", store))
        for store in ("sqlite", "postgres")
    ]
    measured = max(other_interpreters().items(), default=(sys.version_info[:2], PYTHON))
    lanes = [
        [
            Step(f"ordinary tests with coverage, {label(measured[0])}", partial(elsewhere, measured[1], measured=True)),
            Step(f"{worlds} worlds that nobody has seen", python("-m", "tests.runs.worlds", "--worlds", str(worlds))),
            Step(f"{5 * worlds} worlds of an obedient model", python("-m", "tests.obedience.many", "--worlds", str(5 * worlds))),
            Step("still more of every way", pytest("-m", "deep", *WAITING, *map(str, places("deep")))),
            Step("what decides, changed one expression at a time", python("-m", "tests.runs.mutants")),
            storms[0],
        ],
        [storms[1], Step("the protocol's model", python("-m", "tests.protocol.runs", *(["--deep"] if minutes >= HOUR else [])))],
    ]
    return [[step._replace(most=None) for step in lane] for lane in lanes]


# ---------------------------------------------------------------- steps


def python(*arguments: str) -> Callable[[Shell], bool]:
    """Return a step of one command of this interpreter."""
    return lambda shell: shell.run(PYTHON, *arguments, PYTHONPATH=f"{ROOT}:{ROOT / 'adapters'}")


def pytest(*arguments: str) -> Callable[[Shell], bool]:
    """Return a step of one run of pytest."""
    return lambda shell: shell.run(PYTHON, "-m", "pytest", "-q", *arguments)


def marked(mark: str, *arguments: str, more: bool = False) -> Callable[[Shell], bool]:
    """Return a run of the tests of this mark alone. more: of those that are one more way of another."""
    return pytest("-m", f"{mark} and not deep and {'exhaustive' if more else 'not exhaustive'}", *arguments, *map(str, places(mark)))


def lacking(shell: Shell) -> bool:
    """Fail for want of an interpreter."""
    shell.say(f"there is none on this machine, and {VARIABLE} names {INTERPRETERS}")
    return False


def elsewhere(other: str, shell: Shell, *, measured: bool = False) -> bool:
    """Run the ordinary tests on another interpreter, in an environment of its own. measured: coverage has to be good as well."""
    with tempfile.TemporaryDirectory() as folder:
        own = installed(other, folder, shell, *requirements())
        return own is not None and (covered(own, folder, shell) if measured else tested(own, shell))


def with_the_oldest(other: str, shell: Shell) -> bool:
    """Run the ordinary tests with just the lower bounds of setup.cfg, which are so shown to be true."""
    with tempfile.TemporaryDirectory() as folder:
        own = installed(other, folder, shell, *lowest_requirements(), *tools())
        return own is not None and tested(own, shell)


def with_sdks(shell: Shell) -> bool:
    """Run the tests of what vendors' packages do, in an environment that has them: they have many requirements, none of which is ours."""
    with tempfile.TemporaryDirectory() as folder:
        own = installed(PYTHON, folder, shell, *requirements("pyright"), *required("sdks"))
        return own is not None and shell.run(own, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "sdks", *map(str, places("sdks")))


def installed(python: str, folder: str, shell: Shell, *distributions: str) -> str | None:
    """Make an environment with these; return its interpreter, or None if that failed."""
    own = str(Path(folder, "venv", "bin", "python"))
    install = ("-m", "pip", "install", "-q", "--disable-pip-version-check", *distributions)
    return own if shell.run(python, "-m", "venv", str(Path(folder, "venv"))) and shell.run(own, *install) else None


def tested(own: str, shell: Shell, **environment: str) -> bool:
    """Run the ordinary tests by this interpreter, but for those that are the same under each."""
    return shell.run(own, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", f"{ordinary()} and not once", **environment)


def ordinary() -> str:
    """Return which tests setup.cfg has run where nothing is asked for."""
    options = shlex.split(settings()["tool:pytest"]["addopts"])
    return options[options.index("-m") + 1]


def covered(own: str, folder: str, shell: Shell) -> bool:
    """Run the ordinary tests and measure; both have to be good, and the figures are shown either way."""
    environment = {"COVERAGE_FILE": str(Path(folder, "coverage")), "COVERAGE_PROCESS_START": str(ROOT / "setup.cfg")}
    passed = tested(own, shell, **environment)
    return shell.run(own, "-m", "coverage", "combine", "-q", **environment) and shell.run(own, "-m", "coverage", "report", **environment) and passed
