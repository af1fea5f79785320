"""Which templates a chat may use: asked anew on each call, and checked only where something is to be made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import Chat, Reason, State, Template, TemplateError, UnavailableError
from chatworkspace._domain.templates import WHY
from chatworkspace.ports import NotFoundError
from tests.service.chats import CHAT, World, nowhere


def refused(world: World, template: Template | UUID) -> TemplateError:
    """Return the error that a creation ends with; nothing was made or planned."""
    with pytest.raises(TemplateError) as error:
        world.chats.create(CHAT, template.id if isinstance(template, Template) else template)
    look = world.sim.store.look(CHAT)
    assert (world.coder.workspaces, look.plan, look.claimed_for) == ((), None, 0)
    return error.value


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"organization_id": UUID(int=3)}, Reason.OTHER_ORGANIZATION),
        ({"agents_allowed": False}, Reason.TEMPLATE_NOT_ALLOWED),
        ({"deprecated": True}, Reason.TEMPLATE_DEPRECATED),
        ({"external_agent": True}, Reason.TEMPLATE_EXTERNAL_AGENT),
    ],
    ids=lambda it: it.value if isinstance(it, Reason) else "",
)
def test_a_template_that_may_not_be_used(properties: dict[str, Any], reason: Reason) -> None:
    """The error says why and what to do, and nothing is written."""
    world = World()
    world.template("another")  # a list of what is allowed that is empty would allow all
    error = refused(world, world.template(**properties))
    assert (error.reason, error.retryable) == (reason, False)
    assert error.next_step
    assert str(error) == f"no workspace can be created from template docker: {WHY[reason]}"


def test_a_template_that_is_not_there() -> None:
    """Missing and unreadable look the same."""
    error = refused(World(), nowhere())
    assert (error.reason, error.next_step) == (Reason.TEMPLATE_NOT_FOUND, "Choose a template from the list of templates.")


def says(allowed: Collection[UUID]) -> Callable[[Chat], Collection[UUID]]:
    """Return an allow-list that is the same for every chat."""
    return lambda chat: allowed if chat.id == CHAT else ()


@pytest.mark.parametrize("allowed", [None, "this", "this and others"])
def test_the_allow_list_lets_a_template_in(allowed: str | None) -> None:
    """None allows all; a collection allows what is in it."""
    templates: list[Template] = []

    def allow(_: Chat) -> Collection[UUID] | None:
        return None if allowed is None else {templates[0].id, *([UUID(int=1)] if "others" in allowed else [])}

    world = World(allowed_templates=allow)
    templates.append(world.template())
    assert world.chats.create(CHAT, templates[0].id).created


@pytest.mark.parametrize("allowed", [set[UUID](), frozenset({UUID(int=1)}), [UUID(int=2)]], ids=["empty", "others", "a list of others"])
def test_the_allow_list_keeps_a_template_out(allowed: Collection[UUID]) -> None:
    """An empty collection allows none."""
    world = World(allowed_templates=says(allowed))
    assert refused(world, world.template()).reason is Reason.TEMPLATE_NOT_ALLOWED


def test_an_allow_list_that_fails_refuses_the_call(caplog: pytest.LogCaptureFixture) -> None:
    """Not knowing is not allowing: the call may be made again, and the log says which chat it was."""

    def fail(chat: Chat) -> None:
        raise LookupError(chat.id)

    world = World(allowed_templates=fail)
    with caplog.at_level(logging.WARNING, logger="chatworkspace"):
        error = refused(world, world.template())
    assert (error.reason, error.retryable) == (Reason.ALLOW_LIST_FAILED, True)
    (record,) = caplog.records
    assert (record.__dict__["chat_id"], record.__dict__["reason"]) == (CHAT, "allow_list_failed")


def test_the_allow_list_is_asked_on_each_call() -> None:
    """With the chat; what it said before counts for nothing."""
    asked: list[Chat] = []
    allowed: list[Collection[UUID] | None] = [frozenset(), None]

    def allow(chat: Chat) -> Collection[UUID] | None:
        asked.append(chat)
        return allowed[len(asked) - 1]

    world = World(allowed_templates=allow)
    docker = world.template()
    refused(world, docker)
    assert world.chats.create(CHAT, docker.id).created
    assert asked == [world.chat, world.chat]


def test_the_allow_list_is_not_asked_for_what_is_there() -> None:
    """An existing workspace is returned whatever is allowed by now."""
    allowed: set[UUID] = set()
    world = World(allowed_templates=says(allowed))
    allowed.add(world.template().id)
    first = world.created()
    allowed.clear()
    assert world.chats.create(CHAT, first.require_ready().template_id).reason is Reason.EXISTING


def test_the_workspace_of_a_template_that_is_deprecated_by_now_is_used() -> None:
    """It is found, stopped and started as before; only that no new one is made."""
    world = World()
    first = world.created()
    world.coder.update_template("docker", deprecated=True)
    assert world.chats.create(CHAT, first.require_ready().template_id).reason is Reason.EXISTING
    assert world.chats.stop(CHAT).state is State.STOPPED
    assert world.chats.start(CHAT).reason is Reason.STARTED
    with pytest.raises(TemplateError) as error:
        world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert error.value.reason is Reason.TEMPLATE_DEPRECATED


def test_a_template_is_checked_before_a_workspace_is_replaced() -> None:
    """The chat keeps what it has when the other template may not be used."""
    world = World()
    first = world.created()
    gpu = world.template("gpu", deprecated=True)
    with pytest.raises(TemplateError):
        world.chats.create(CHAT, gpu.id, replace=True)
    assert world.chats.get_chat(CHAT).workspace_id == first.workspace_id


def test_a_template_is_checked_before_an_interrupted_creation_goes_on() -> None:
    """The plan stands, and the next call with a template that may be used goes on from there."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker, at="coder.create_workspace")
    with pytest.raises(TemplateError):
        world.chats.create(CHAT, nowhere())
    assert world.sim.store.look(CHAT).plan is not None
    assert world.chats.create(CHAT, docker.id).created


@pytest.mark.parametrize("times", [1, 4])
def test_a_template_that_cannot_be_read_for_a_while(times: int) -> None:
    """A single 503 ends no call."""
    world = World()
    world.coder.when("get_template", times=times).fail()
    assert world.chats.create(CHAT, world.template().id).created


def test_a_template_that_cannot_be_read_at_all() -> None:
    """Planning has 10 s; then the call ends with the last real error, and nothing was decided."""
    world = World()
    docker = world.template()
    world.coder.when("get_template").lose_request()
    with pytest.raises(UnavailableError) as error:
        world.chats.create(CHAT, docker.id)
    assert (error.value.reason, str(error.value), world.sim.elapsed) == (
        Reason.PLATFORM_UNAVAILABLE,
        "get_template was not answered in time",
        10,
    )
    assert world.sim.store.look(CHAT).plan is None


def test_a_platform_that_says_it_will_not_get_better() -> None:
    """An error that is not retryable ends the call at once."""
    world = World()
    docker = world.template()
    world.coder.when("get_template").fail(UnavailableError("401: the token was revoked", retryable=False))
    with pytest.raises(UnavailableError) as error:
        world.chats.create(CHAT, docker.id)
    assert (world.sim.elapsed, error.value.retryable) == (0, False)


def test_a_template_that_vanishes_between_the_check_and_the_request() -> None:
    """The platform's own refusal is told; the plan stands, and the history notes it."""
    world = World()
    docker = world.template()
    world.coder.when("get_template", nth=2).fail(NotFoundError("gone"))
    world.coder.when("create_workspace").refuse(404, "template not found")
    for expected in ("template not found", "there is no such template"):
        with pytest.raises(Exception, match=expected):
            world.chats.create(CHAT, docker.id)
    assert world.chats.history(CHAT)[-1].notes == ("refused: template not found",)
