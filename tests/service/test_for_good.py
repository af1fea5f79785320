"""What was asked for was not answered, and then nothing can be read by coming back: the token has expired, say."""

from __future__ import annotations

import pytest

from chatworkspace import Advice, OutcomeUnknownError, Reason, State, UnavailableError
from tests.service.chats import CHAT, World

EXPIRED = UnavailableError("401: the token has expired", retryable=False)


def test_a_creation_of_which_nothing_can_be_read_for_good() -> None:
    """An administrator is asked at once, and the same call goes on from there once the platform can be read."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").lose_answer()
    world.coder.when("find_workspace").fail(EXPIRED)
    with pytest.raises(OutcomeUnknownError) as error:
        world.chats.create(CHAT, docker.id)
    assert str(error.value) == "create_workspace was not answered in time; then 401: the token has expired"
    assert (error.value.retryable, error.value.advice, error.value.retry_after) == (False, Advice.ASK_ADMINISTRATOR, None)
    assert world.chats.create(CHAT, docker.id).reason is Reason.ADOPTED


@pytest.mark.parametrize("transition", ["start", "stop"])
def test_a_build_of_which_nothing_can_be_read_for_good(transition: str) -> None:
    """An administrator is asked at once."""
    world = World()
    world.created()
    call = world.chats.stop
    if transition == "start":
        call(CHAT)
        call = world.chats.start
    world.coder.when(f"{transition}_workspace").lose_answer()
    world.coder.when("get_workspace", nth=3).fail(EXPIRED)
    outcome = call(CHAT)
    assert (outcome.state, outcome.reason, outcome.advice) == (State.UNKNOWN, Reason.OUTCOME_UNKNOWN, Advice.ASK_ADMINISTRATOR)
