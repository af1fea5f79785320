"""The log: one logger, silent unless a host wants it; at INFO it tells a chat's life in few lines, and at DEBUG every step."""

from __future__ import annotations

import logging

import pytest

import chatworkspace
from chatworkspace import Reason
from tests.service.chats import CHAT, CLAIM, SLOW, World


def test_the_library_logs_for_those_who_want_it() -> None:
    """The logger `chatworkspace` has a NullHandler, no level and no other handler."""
    logger = logging.getLogger(chatworkspace.__name__)
    assert [type(it) for it in logger.handlers] == [logging.NullHandler]
    assert (logger.level, logger.propagate) == (logging.NOTSET, True)


def test_a_creation_in_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    """What began, what it came to, and each phase between them, as it begins."""
    world = World()
    docker = world.template(**SLOW)
    caplog.set_level(logging.INFO)
    world.chats.create(CHAT, docker.id)
    assert [record.getMessage() for record in caplog.records] == [
        "chat 'chat-1': create begun",
        "chat 'chat-1': create: creating",
        "chat 'chat-1': create: building",
        "chat 'chat-1': create: connecting",
        "chat 'chat-1': create: scripts",
        "chat 'chat-1': create: connecting",
        "chat 'chat-1': create ended: created, ready after 45.0 s (planning 0.0, creating 0.0, building 30.0, connecting 5.0, scripts 10.0)",
    ]
    last = vars(caplog.records[-1])
    assert (last["chat_id"], last["workspace_id"], last["build"], last["reason"]) == (CHAT, str(world.latest.id), 1, "created")


def test_what_only_looks_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    """A page that is looked at each second is not to fill the log."""
    world = World()
    world.created()
    caplog.set_level(logging.INFO)
    world.chats.status(CHAT)
    world.chats.get_chat(CHAT)
    list(world.chats.follow(CHAT))
    assert caplog.records == []


def test_a_take_over_is_news(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody has died."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    caplog.set_level(logging.INFO)
    world.chats.create(CHAT, docker.id)
    told = [record.getMessage() for record in caplog.records]
    name = world.latest.name
    assert f"chat 'chat-1': create: takes over the plan for {name}" in told
    assert f"chat 'chat-1': create: adopted {name}" in told


def test_every_step_is_told_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Each request, claim and dial as well."""
    world = World()
    docker = world.template(**SLOW)
    caplog.set_level(logging.DEBUG, logger="chatworkspace")
    world.chats.create(CHAT, docker.id)
    told = "\n".join(record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG)
    for words in ("store: look answered", "platform: create_workspace answered", "create: claim 1, for the workspace docker-", "agent main reached"):
        assert words in told


def test_the_level_may_be_changed_while_it_runs(caplog: pytest.LogCaptureFixture) -> None:
    """It is looked at by each call."""
    world = World()
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    assert caplog.records == []
    caplog.set_level(logging.INFO)
    world.chats.stop(CHAT)
    assert next(record.getMessage() for record in caplog.records) == "chat 'chat-1': stop begun"


def test_what_a_chat_is_called_breaks_no_line(caplog: pytest.LogCaptureFixture) -> None:
    """A host may take any text for an id."""
    world = World()
    caplog.set_level(logging.INFO)
    world.sim.open_chat("a\nb\x1b[31m")
    assert next(record.getMessage() for record in caplog.records) == "chat 'a\\nb\\x1b[31m': open_chat begun, may wait 0 s"


def test_nothing_is_warned_of_while_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    """Create, join, stop, start, replace, attach, detach, sweep and close."""
    caplog.set_level(logging.DEBUG)
    world = World()
    docker = world.template(**SLOW)
    own = world.own(docker)
    world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    world.chats.stop(CHAT)
    world.chats.start(CHAT)
    world.chats.create(CHAT, docker.id, replace=True)
    world.chats.attach(CHAT, own.id)
    world.chats.detach(CHAT)
    world.chats.sweep(delete=[it.id for it in world.chats.sweep().strays])
    world.chats.close_chat(CHAT)
    world.chats.close()
    ours = [record for record in caplog.records if record.name.startswith("chatworkspace")]
    assert {record.levelno for record in ours} == {logging.DEBUG, logging.INFO}
    for record in ours:
        assert {"chat_id", "workspace_id", "build", "reason"} <= record.__dict__.keys()


def test_a_stray_that_could_not_be_noted_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It is in no history, so the log names the chat and the reason; the caller is told what the chat has."""
    world = World()
    docker, late, other = world.template(), world.sim.process("late"), world.sim.process("other")
    late.pause(CLAIM + 10, before="coder.create_workspace")
    world.sim.at(CLAIM + 2, lambda: other.workspaces.create(CHAT, docker.id))
    world.sim.at(CLAIM + 5, lambda: world.coder.workspaces[0].rename("mine-now"))
    world.sim.store.when("record_stray").fail(ValueError("a database that takes no such text"))
    (outcome,) = world.sim.run(lambda: late.workspaces.create(CHAT, docker.id))
    assert outcome.reason is Reason.EXISTING
    (record,) = caplog.records
    assert (record.name, record.levelname, record.message) == ("chatworkspace", "WARNING", "a stray workspace could not be noted")
    assert (record.__dict__["chat_id"], record.__dict__["reason"]) == (CHAT, "overtaken")


def test_every_record_names_chat_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    """As extras, for hosts that log in fields."""

    def fail(_: object) -> float:
        raise ZeroDivisionError

    world = World(on_chat_updated=fail, on_progress=fail, workspace_ttl=fail)
    world.chats.create(CHAT, world.template(**SLOW).id)
    assert len(caplog.records) >= 3
    for record in caplog.records:
        assert record.name == "chatworkspace"
        assert record.__dict__["chat_id"] == CHAT
        assert isinstance(record.__dict__["reason"], str)
