"""The log: one logger, silent unless a host wants it, and silent at INFO while all is well."""

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


def test_nothing_is_logged_while_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    """Create, join, stop, start, replace, attach, detach, sweep and close, at INFO."""
    caplog.set_level(logging.INFO)
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
    assert caplog.records == []


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
