"""What a writer of an adapter meets first: names, help, and a page with code that runs."""

from __future__ import annotations

import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

import chatworkspace
import chatworkspace_contracts
from chatworkspace_contracts import CREATOR_RULES, STORE_RULES
from tests.docs.pages import blocks, text
from tests.packaging.runs import ROOT, clean_environment

WITH_PYTEST, WITH_UNITTEST, CHOOSING, IN_VIRTUAL_TIME, TELLING = blocks("docs/how-to/adapters.md", "python")
PATH = f"{ROOT}:{ROOT / 'adapters'}"


def test_a_star_gives_every_public_name() -> None:
    """What __all__ lists is there, and nothing public is left out of it."""
    listed = set(chatworkspace_contracts.__all__)
    assert all(hasattr(chatworkspace_contracts, name) for name in listed)
    assert listed <= set(dir(chatworkspace_contracts))
    public = {name for name, value in vars(chatworkspace_contracts).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert public <= listed | {"annotations"}
    assert not hasattr(chatworkspace_contracts, "nothing_of_this_name")


def test_the_version_is_that_of_the_library() -> None:
    """They are one distribution, installed or not."""
    assert chatworkspace_contracts.__version__ == chatworkspace.__version__


def test_help_tells_everything() -> None:
    """`python -m pydoc chatworkspace_contracts` names each class, the rules of each port, each ability, and how to begin."""
    shown = pydoc.plain(pydoc.render_doc(chatworkspace_contracts))
    for name in chatworkspace_contracts.__all__:
        thing = getattr(chatworkspace_contracts, name)
        if inspect.isclass(thing):
            assert re.search(rf"^    class {name}\(", shown, re.MULTILINE), name
            for field in attrs.fields(thing) if attrs.has(thing) else ():
                assert re.search(rf"^(\w+, )*{field.name}(, \w+)*: \S", inspect.getdoc(thing) or "", re.MULTILINE), f"{name}.{field.name}"
    for ability in chatworkspace_contracts.Ability:
        assert f" |  {ability.name}: {ability.value}." in shown
    assert all(f"{port}_RULES = (" in shown for port in ("CLOCK", "STORE", "CREATOR", "DIALER"))
    assert "run(rule, lambda: StoreWorld(store=MyStore()))" in shown


# ------------------------------------------------------------------ docs/how-to/adapters.md


def test_the_first_example_is_short() -> None:
    """Ten lines run the rules over a store, imports aside."""
    lines = [line for line in WITH_PYTEST.splitlines() if line and not line.startswith(("import", "from"))]
    assert len(lines) <= 10


@pytest.mark.adapters
@pytest.mark.exhaustive
def test_the_rules_run_under_pytest_as_written(tmp_path: Path) -> None:
    """Over a store that is somebody's own, with every rule, those of several processes too."""
    (tmp_path / "my_store.py").write_text("from chatworkspace_sqlite import SQLiteStore as MyStore\n", encoding="utf-8")
    (tmp_path / "test_mine.py").write_text(WITH_PYTEST, encoding="utf-8")
    options = ("-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist")
    printed = python("-m", "pytest", *options, "test_mine.py", cwd=tmp_path)
    assert f"{len(STORE_RULES)} passed" in printed


def test_the_rules_run_under_unittest_as_written(tmp_path: Path) -> None:
    """Without pytest it is one test."""
    (tmp_path / "my_clock.py").write_text("from chatworkspace.ports import SystemClock as MyClock\n", encoding="utf-8")
    (tmp_path / "test_mine.py").write_text(WITH_UNITTEST, encoding="utf-8")
    python("-m", "unittest", "test_mine", cwd=tmp_path)


def test_the_rules_are_chosen_and_run_in_virtual_time_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    """And each tells itself, in a line."""
    for block in (CHOOSING, IN_VIRTUAL_TIME, TELLING):
        exec(compile(block, "docs/how-to/adapters.md", "exec"), {"__name__": "adapters"})  # noqa: S102 - our own page
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in told] == [rule.id for rule in CREATOR_RULES]
    assert told[0].endswith(CREATOR_RULES[0].states)


def test_the_broken_rule_that_is_shown_is_one() -> None:
    """Id and sentence are the rule's own."""
    (shown,) = re.findall(r"^```\n(.*)\nexpected ", text("docs/how-to/adapters.md"), re.MULTILINE)
    assert shown in {f"{rule.id}: {rule.states}" for rule in STORE_RULES}


def python(*arguments: str, cwd: Path) -> str:
    """Run Python as a user does, with the checkout in place of what is installed; return what it printed."""
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=clean_environment(PYTHONPATH=PATH), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
