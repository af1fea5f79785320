"""Calls that wait, under an asyncio server: in threads that are limited, and ended when a client goes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from chatworkspace import ChatNotFoundError, InvalidArgumentError, Outcome, Phase, Reason
from chatworkspace_web import ASGIWaits
from tests.adapters.web.test_asgi import Client, create, real, run, seen
from tests.service.chats import CHAT
from tests.service.test_threads import Real

__all__ = ["real"]


@pytest.fixture
def waits() -> Iterator[ASGIWaits]:
    made = ASGIWaits(threads=2)
    yield made
    made.close()


def test_a_call_is_awaited(real: Real, waits: ASGIWaits) -> None:
    """With its arguments, and what it comes to is what the call says."""
    template = real.coder.add_template("docker", build=0.1)
    outcome = run(lambda: waits(Client().receive, real.chats.create, CHAT, template.id, name="mine", wait=None))
    assert (outcome.ready, outcome.reason) == (True, Reason.CREATED)
    assert outcome.workspace.name.startswith("mine")


def test_its_error_is_raised(real: Real, waits: ASGIWaits) -> None:
    """As by the call."""
    with pytest.raises(ChatNotFoundError):
        run(lambda: waits(Client().receive, real.chats.status, "unknown", wait=0))


def test_a_client_that_goes_ends_its_wait(real: Real, waits: ASGIWaits) -> None:
    """The thread is free, nothing on the platform is canceled, and the event loop goes on meanwhile."""
    create(real, build=600)

    async def act() -> Outcome:
        client = Client()
        asking = asyncio.ensure_future(waits(client.receive, real.chats.status, CHAT, wait=600))
        await seen(lambda: not real.quiet)
        client.going.set()
        return await asking

    outcome = run(act)
    assert (outcome.reason, outcome.phase) == (Reason.INTERRUPTED, Phase.BUILDING)
    assert real.quiet


def test_a_task_that_is_canceled_ends_its_wait(real: Real, waits: ASGIWaits) -> None:
    """As a server does at its end."""
    create(real, build=600)

    async def act() -> None:
        asking = asyncio.ensure_future(waits(Client().receive, real.chats.status, CHAT, wait=600))
        await seen(lambda: not real.quiet)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await seen(lambda: real.quiet)

    run(act)


def test_no_more_than_may_wait(real: Real, waits: ASGIWaits) -> None:
    """Whoever comes then is told at once how things stand; when one goes, another may wait."""
    create(real, build=600)

    async def act() -> None:
        clients = [Client() for _ in range(2)]
        asking = [asyncio.ensure_future(waits(it.receive, real.chats.status, CHAT, wait=600)) for it in clients]
        await seen(lambda: len(real.chats._parts.calls) == 2)
        others = await asyncio.gather(*(waits(Client().receive, real.chats.status, CHAT, wait=600) for _ in range(8)))
        assert {it.reason for it in others} == {Reason.IN_PROGRESS}
        assert not any(it.done() for it in asking)
        clients[0].going.set()
        await asking[0]
        asking.append(asyncio.ensure_future(waits(Client().receive, real.chats.status, CHAT, wait=600)))
        await seen(lambda: len(real.chats._parts.calls) == 2)
        real.chats.close()
        await asyncio.gather(*asking, return_exceptions=True)

    run(act)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"receive": None}, "receive: expected a function"),
        ({"call": "create"}, "call: expected a function"),
        ({"wait": -1}, "wait: expected None or a number of seconds of at least 0"),
    ],
)
def test_a_wrong_argument_is_told(waits: ASGIWaits, wrong: dict[str, Any], told: str) -> None:
    """Before a thread is taken."""
    given: dict[str, Any] = {"receive": Client().receive, "call": print, "wait": 0, **wrong}
    with pytest.raises(InvalidArgumentError, match=told):
        run(lambda: waits(given["receive"], given["call"], wait=given["wait"]))


@pytest.mark.parametrize("threads", [0, True, 2.5, "many"])
def test_how_many_may_wait_is_a_number(threads: Any) -> None:
    """Of at least one."""
    with pytest.raises(InvalidArgumentError, match="threads: expected a whole number of at least 1"):
        ASGIWaits(threads=threads)
