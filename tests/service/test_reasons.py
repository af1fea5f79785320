"""docs/reference/reasons.md lists every reason, with what it means and the test that shows it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import attrs
import pytest

from chatworkspace import Advice, Reason
from chatworkspace._domain.advice import TABLE, http_status
from chatworkspace_fake import Fails
from tests.service.chats import CHAT, World

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\w+)` \| (.+) \| (`.+) \| (\d+) \| `(tests/service/test_\w+\.py)::(test_\w+)` \|$", re.MULTILINE)
WORDS = {
    "repeated": "the second time",
    "beyond": "beyond its limit",
    "still": "nothing moves",
    "stop": "asked to stop",
    "look": "only looked",
    "lasting": "for good",
    "by_person": "stopped by a person",
}
"""How the page calls the columns of the table of advice."""
DOCUMENT = (ROOT / "docs" / "reference" / "reasons.md").read_text(encoding="utf-8")
ROWS = {value: (meaning, path, test) for value, meaning, _, _, path, test in ROW.findall(DOCUMENT)}


def test_the_document_lists_every_reason_once_and_in_order() -> None:
    """No reason is left out, none is invented, and every row of the tables is understood by this test."""
    assert [row[0] for row in ROW.findall(DOCUMENT)] == [reason.value for reason in Reason]
    assert len(re.findall(r"^\| `", DOCUMENT, re.MULTILINE)) == len(Reason)


def test_the_document_tells_what_the_tables_have() -> None:
    """The advice for each reason, and the status of an error."""
    for value, _, told, status, _, _ in ROW.findall(DOCUMENT):
        row = attrs.asdict(TABLE[Reason(value)])
        others = [f"{WORDS[column]} `{advice.value}`" for column, advice in row.items() if column != "first" and advice is not None]
        assert told == "; ".join([f"`{row['first'].value}`", *others])
        assert int(status) == http_status(Reason(value))


def test_the_page_for_hosts_tells_every_advice() -> None:
    """In its order, once each, with what it asks for: those that are alike share a row."""
    page = (ROOT / "docs" / "explanation" / "guidance.md").read_text(encoding="utf-8")
    table = page.partition("## What does each advice ask for?")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+`) \| (.+\.) \|$", table, re.MULTILINE)
    assert [name for names, _ in rows for name in re.findall(r"`(\w+)`", names)] == [advice.value for advice in Advice]


def source_of(path: str, test: str) -> str:
    """Return a test as it is written, with its decorators."""
    source = (ROOT / path).read_text(encoding="utf-8")
    (found,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == test)
    first = min([found.lineno, *(it.lineno for it in found.decorator_list)])
    return "\n".join(source.splitlines()[first - 1 : found.end_lineno])


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_each_reason_has_a_meaning_and_a_test_that_asserts_it(reason: Reason) -> None:
    """The test that the document names exists, and speaks of this very reason."""
    meaning, path, test = ROWS[reason.value]
    assert meaning.endswith(".")
    source = source_of(path, test)
    assert re.search(rf"\bReason\.{reason.name}\b", source)
    assert "assert" in source or "refused(" in source


def test_an_outcome_has_a_status_of_http() -> None:
    """Done, under way, or what its reason is as an error's."""
    world = World()
    docker, broken = world.template(build=5, stop=5), world.template("broken", build=Fails(5))
    under_way = world.chats.create(CHAT, docker.id, wait=0)
    ready, stopped = world.chats.create(CHAT, docker.id), world.chats.stop(CHAT)
    failed = world.chats.create(CHAT, broken.id, replace=True)
    assert [it.http_status for it in (under_way, ready, stopped, failed)] == [202, 200, 200, 409]
    assert ready.as_dict()["http_status"] == 200
