"""What the pages promise beside their text: no block of code that nothing runs, no link that leads nowhere, little glue."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, Outcome, Timeouts
from chatworkspace_fake import FakeCoder, MemoryStore, Simulation
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from tests.docs.pages import ROOT, blocks, languages, pages, text

pytestmark = pytest.mark.once

RUN = {"openai.md": 2, "anthropic.md": 1, "langchain.md": 2, "pydantic-ai.md": 1}
"""Blocks of Python that tests/sdks/test_recipes.py runs, by page."""
FRAMEWORKS = {"flask.md": 1, "fastapi.md": 1, "django.md": 2}
"""Those that tests/sdks/test_frameworks.py runs."""
SHOWN = {("docs/how-to/adapters.md", ""), ("docs/how-to/check-a-server.md", "")}
"""What some command prints: tests compare it, and take no block as a whole."""
OURS = re.compile(r"\b(workspaces|toolbox|functions)\b")
"""What a line of glue names: what comes from this library, and what is made of it until the vendor's package has it."""
MOST_GLUE = 3
MOST_GLUE_IN_VIEWS = 8


def taken() -> Iterator[tuple[str, str]]:
    """Give what the tests take from pages: `blocks("page", "language")`, and all languages of a page where they take `languages("page")`."""
    for path in (ROOT / "tests").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"blocks", "languages"}:
                arguments = [it.value for it in call.args if isinstance(it, ast.Constant) and isinstance(it.value, str)]
                if len(arguments) == 2:
                    yield arguments[0], arguments[1]
                elif arguments and len(call.args) == 1:
                    yield from ((arguments[0], language) for language, _ in languages(arguments[0]))


def test_every_block_is_run() -> None:
    """Whoever adds one to any page has to have a test take it from there. How many there are is said where they are taken."""
    there = {(page, language) for page in pages() for language, _ in languages(page)}
    run = set(taken()) | {(f"docs/how-to/{page}", "python") for page in FRAMEWORKS}
    assert there - run == SHOWN - run
    assert run <= there
    counts = {**RUN, **FRAMEWORKS}
    assert {page: len(languages(f"docs/how-to/{page}")) for page in counts} == counts


def test_a_host_follows_the_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/explanation/guidance.md shows it: the loop ends with what is ready, and has waited as long as it was told to."""
    _, code = blocks("docs/explanation/guidance.md", "python")
    simulation = Simulation(1)
    coder = FakeCoder(simulation)
    docker = coder.add_template("docker", build=70)
    slept = list[float]()

    def follow() -> None:
        def sleep(seconds: float) -> None:
            slept.append(seconds)
            simulation.sleep(seconds)

        monkeypatch.setitem(sys.modules, "time", SimpleNamespace(sleep=sleep))
        with ChatWorkspaces(store=MemoryStore(simulation), creator=coder, dialer=coder, clock=simulation) as workspaces:
            workspaces.open_chat("thread-42", owner_id=OWNER, organization_id=ORGANIZATION)
            names: dict[str, Any] = {"workspaces": workspaces, "docker": docker}
            exec(compile(code, "docs/explanation/guidance.md", "exec"), names)  # noqa: S102 # our own page
        told.append(names["outcome"])

    told = list[Outcome]()
    simulation.run(follow)
    (outcome,) = told
    assert outcome.ready
    assert len(slept) >= 3


def test_an_advice_changes_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """As docs/explanation/guidance.md tells it of an agent that never comes, to the second."""
    code, _ = blocks("docs/explanation/guidance.md", "python")
    (shown,) = blocks("docs/explanation/guidance.md", "")
    exec(compile(code, "docs/explanation/guidance.md", "exec"), {})  # noqa: S102 # our own page
    assert capsys.readouterr().out == shown


def test_a_platform_that_hangs_is_told_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """As docs/explanation/limits.md tells it, and after as many seconds."""
    (code,) = blocks("docs/explanation/limits.md", "python")
    (shown,) = blocks("docs/explanation/limits.md", "")
    simulation = Simulation(1)
    docker = simulation.coder.add_template("docker")
    simulation.open_chat("thread-42")
    simulation.coder.when("get_template").take(1000)
    names: dict[str, Any] = {"workspaces": simulation.workspaces, "docker": docker}
    simulation.run(lambda: exec(compile(code, "docs/explanation/limits.md", "exec"), names))  # noqa: S102 # our own page
    assert capsys.readouterr().out == shown
    assert simulation.monotonic() == Timeouts().planning == 10
    assert len(simulation.coder.workspaces) == 0


def test_a_page_follows_a_chat(capsys: pytest.CaptureFixture[str]) -> None:
    """As docs/explanation/waiting.md shows it: phases and log as they come, and at last how the workspace is."""
    (code,) = blocks("docs/explanation/waiting.md", "python")
    simulation = Simulation(1)
    docker = simulation.coder.add_template("docker", build=10, connect=3, scripts=5, log=("pulling", "starting"))
    simulation.open_chat("thread-42")
    assert simulation.workspaces.create("thread-42", docker.id, wait=0).phase is not None
    simulation.run(lambda: exec(compile(code, "docs/explanation/waiting.md", "exec"), {"workspaces": simulation.workspaces}))  # noqa: S102 # our own page
    assert list(dict.fromkeys(capsys.readouterr().out.splitlines())) == ["building", "| pulling", "| starting", "connecting", "scripts", "ready"]


def test_gunicorn_ends_as_the_example_says() -> None:
    """The settings on its page: the time that they give is more than a creation may take, and the hook has the waits end."""
    (code,) = blocks("examples/flask_app/README.md", "python")
    given = list[object]()
    end_waits = object()
    names: dict[str, Any] = {"close_at_signal": given.append, "end_waits": end_waits}
    exec(compile(code, "examples/flask_app/README.md", "exec"), names)  # noqa: S102 # our own page
    names["post_worker_init"](SimpleNamespace())
    assert given == [end_waits]
    assert names["graceful_timeout"] > Timeouts().creating


@pytest.mark.parametrize(("page", "recipe"), [(page, recipe) for page in RUN for recipe in range(RUN[page])])
def test_the_glue_is_short(page: str, recipe: int) -> None:
    """Three lines at most name anything of this library; none is longer than the repository's own."""
    code = blocks(f"docs/how-to/{page}", "python")[recipe].splitlines()
    assert len([line for line in code if OURS.search(line)]) <= MOST_GLUE
    assert max(map(len, code)) <= 150


@pytest.mark.parametrize("page", FRAMEWORKS)
def test_the_glue_of_a_framework_is_short(page: str) -> None:
    """Eight lines at most name anything that comes from this library, or is made of it."""
    trees = [ast.parse(block) for block in blocks(f"docs/how-to/{page}", "python")]
    imports = [it for tree in trees for it in tree.body if isinstance(it, ast.ImportFrom) and (it.module or "").startswith("chatworkspace")]
    ours = {"workspaces", "waits", "events", "stream", "coder", *(name.name for it in imports for name in it.names)}
    lines = {(number, it.lineno) for number, tree in enumerate(trees) for it in ast.walk(tree) if isinstance(it, ast.Name) and it.id in ours}
    assert len(lines) <= MOST_GLUE_IN_VIEWS, sorted(lines)


@pytest.mark.parametrize("page", [page for page in pages() if page.startswith(("README", "docs/how-to/", "docs/explanation/", "docs/tutorial/"))])
def test_each_heading_is_a_question_of_the_reader(page: str) -> None:
    """Below the title. What is looked up has its own name as its heading, as on the pages of reference and on the map."""
    found = re.findall(r"^##+ (.*)$", re.sub(r"```.*?```", "", text(page), flags=re.DOTALL), re.MULTILINE)
    assert [it for it in found if not it.endswith("?")] == []


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page: str) -> None:
    """Within the repository, and to a heading where it names one."""
    here = ROOT / page
    for link in re.findall(r"\]\(([^)]+)\)", text(page)):
        path, _, heading = link.partition("#")
        found = (here.parent / path).resolve() if path else here
        if "://" in path:
            continue
        assert found.exists(), link
        assert found.is_relative_to(ROOT), link
        if heading:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", it).lower().replace(" ", "-") for it in headings}, link
