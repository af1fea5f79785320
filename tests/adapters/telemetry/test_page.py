"""docs/how-to/telemetry.md: its code runs, and its tables are what there is."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from chatworkspace import Phase
from chatworkspace_fake import FakeCoder, MemoryStore
from chatworkspace_telemetry import _measures, _names
from tests.docs.pages import blocks, text
from tests.service.chats import CHAT, SLOW, World

PAGE = "docs/how-to/telemetry.md"
LOG, SPANS, LISTENER = blocks("docs/how-to/telemetry.md", "python")
(LINES,) = blocks("docs/how-to/telemetry.md", "")


def run(code: str, **names: Any) -> dict[str, Any]:
    """Run a block of the page."""
    exec(compile(code, PAGE, "exec", dont_inherit=True), names)  # noqa: S102 # our own page
    return names


def test_the_log_is_what_the_page_shows(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line by line, but for the chat's id and how long things took."""
    logger = logging.getLogger("chatworkspace")
    level = logger.level
    monkeypatch.setattr(logging, "basicConfig", dict)  # takes what it is given, and does nothing
    run(LOG)
    try:
        world = World()
        docker = world.template(**SLOW)
        caplog.clear()
        world.chats.create(CHAT, docker.id)
    finally:
        logger.setLevel(level)
    told = [re.sub(r"\d+\.\d", "0.0", record.getMessage()) for record in caplog.records]
    shown = [re.sub(r"\d+\.\d", "0.0", line.replace("thread-42", CHAT)) for line in LINES.splitlines()]
    assert told == shown


def test_telemetry_is_attached_as_the_page_shows() -> None:
    """One argument."""
    made = run(SPANS, store=MemoryStore(), coder=FakeCoder())
    made["workspaces"].close()


def test_a_listener_as_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told of what takes longer than a minute."""
    world = World(on_event=run(LISTENER)["listen"])
    world.chats.create(CHAT, world.template(build=90).id)
    assert capsys.readouterr().out.startswith(f"{CHAT} Reason.CREATED ")


def test_every_name_is_on_the_page() -> None:
    """Of metrics, attributes and incidents, and of the phases that become spans."""
    of_spans_alone = {"AGENT", "PLAN", "EPOCH", "PAUSE"}
    names = [value for name, value in vars(_names).items() if name.isupper() and isinstance(value, str) and name not in of_spans_alone]
    names += [*_measures.INCIDENTS.values(), *(it.value for it in Phase)]
    assert [name for name in names if f"`{name}`" not in text(PAGE) and name != _names.SCOPE] == []
