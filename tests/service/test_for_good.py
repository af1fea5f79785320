"""What was asked for was not answered, and then nothing can be read by coming back: the token has expired, say."""

from __future__ import annotations

from typing import Literal

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


@pytest.mark.parametrize("request_", ["start_workspace", "stop_workspace"])
def test_a_build_of_which_nothing_can_be_read_for_good(request_: Literal["start_workspace", "stop_workspace"]) -> None:
    """An administrator is asked at once."""
    world = World()
    world.created()
    call = world.chats.stop
    if request_ == "start_workspace":
        call(CHAT)
        call = world.chats.start
    world.coder.when(request_).lose_answer()
    world.coder.when("get_workspace", nth=3).fail(EXPIRED)
    outcome = call(CHAT)
    assert (outcome.state, outcome.reason, outcome.advice) == (State.UNKNOWN, Reason.OUTCOME_UNKNOWN, Advice.ASK_ADMINISTRATOR)
