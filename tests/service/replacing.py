"""A chat whose workspace is replaced, and how that is refused or lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import ChatWorkspaces, Outcome, OutcomeUnknownError
from chatworkspace.ports import Look
from chatworkspace_fake import FakeWorkspace
from tests.service.chats import CHAT, World

Call = Callable[[ChatWorkspaces], Outcome]
START: Call = lambda chats: chats.start(CHAT)  # noqa: E731 # cases are shortest so
STOP: Call = lambda chats: chats.stop(CHAT)  # noqa: E731 # as above


def left(outcome: Outcome) -> UUID | None:
    return None if outcome.left_behind is None else outcome.left_behind.workspace_id


class Replacing:
    """A chat that has a workspace, which is to be replaced by one of another template."""

    def __init__(self, **service: Any) -> None:
        self.world = world = World(**service)
        self.first = world.created()
        self.old: FakeWorkspace = world.latest
        self.other = world.template("other")
        self.before = self.look

    @property
    def look(self) -> Look:
        """The chat's row."""
        return self.world.sim.store.look(CHAT)

    def replace(self) -> Outcome:
        """Ask for it."""
        return self.world.chats.create(CHAT, self.other.id, replace=self.old.id)

    def create(self) -> Outcome:
        """Ask for a workspace as a caller does who knows of nothing."""
        return self.world.chats.create(CHAT, self.other.id)

    def is_as_before(self) -> bool:
        """Tell whether the chat is as if nobody had wanted a replacement."""
        look, before = self.look, self.before
        return (look.chat, look.plan, look.name, look.number, look.claimed_for) == (before.chat, None, before.name, before.number, 0)

    def leave_in_doubt(self, *, arrives: float | None = None) -> None:
        """Let a replacement get no answer: it is lost, or acted upon so many seconds after its caller has given up."""
        armed = self.world.coder.when("create_workspace")
        if arrives is None:
            armed.lose_request()
        else:
            armed.arrive_late(arrives)
        with pytest.raises(OutcomeUnknownError) as error:
            self.replace()
        assert error.value.left_behind is None
        assert self.look.chat == self.before.chat
