"""The values that the calls of this process have brought for each chat, and that may be secret: no later call is to tell them either.

All of it is bounded, and all of it may be lost: another process, or this one when many others have come since, does not know the values. They are in
no repr. Needs no lock: each step is one of a dict's own.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import cached_property
from uuid import UUID

from chatworkspace._domain.offer import Parameter
from chatworkspace._domain.redaction import Redaction, every_value, secret_values
from chatworkspace.model import Workspace

MOST_CHATS = 4096
MOST_VALUES = 256
"""Of a chat."""


class Brought:
    """What was brought for one chat. A later call adds to it by a new one."""

    def __init__(self, pairs: dict[tuple[str, str], None]) -> None:
        self.pairs = pairs
        self.asked_of: tuple[UUID, UUID] | None = None
        """The owner, and the template whose questions these are answers to; None: neither is known yet."""
        self.known: tuple[Sequence[Parameter], Redaction] | None = None
        """What the template asks, and what is to be taken out by that."""

    @cached_property
    def every(self) -> Redaction:
        """Of all values, secret or not."""
        return Redaction(every_value(self.pairs))

    @cached_property
    def guessed(self) -> Redaction:
        """Of those that are secret as far as can be told without the template."""
        return Redaction(secret_values(self.pairs))


class Values:
    """What was brought, by chat. Safe from any thread."""

    def __init__(self) -> None:
        self._brought: dict[str, Brought] = {}
        self.told: Container[str] = self._brought
        """The chats for which something was brought: no others need a look."""

    def bring(self, chat_id: str, parameters: Mapping[str, str]) -> None:
        """Remember the values of a call."""
        if not parameters:
            return
        before = self._brought.pop(chat_id, None)
        pairs = dict.fromkeys([*(() if before is None else before.pairs), *parameters.items()][-max(MOST_VALUES, len(parameters)) :])
        brought = Brought(pairs)
        if before is not None:
            brought.asked_of = before.asked_of
        self._brought[chat_id] = brought
        if len(self._brought) > MOST_CHATS:
            for oldest in list(self._brought)[: MOST_CHATS // 2]:
                self._brought.pop(oldest, None)

    def of(self, chat_id: str) -> Brought | None:
        """Return what was brought for a chat."""
        return self._brought.get(chat_id)

    def answer_to(self, chat_id: str, owner_id: UUID, template_id: UUID) -> None:
        """Note whose questions the values are answers to."""
        brought = self._brought.get(chat_id)
        if brought is not None:
            brought.asked_of = owner_id, template_id

    def out_of_text(self, chat_id: str, text: str) -> str:
        """Return a text without them, asking nobody: for where nothing may be asked. What may be secret goes."""
        brought = self._brought.get(chat_id)
        return text if brought is None else brought.guessed.of_text(text)

    def out_of_workspace(self, chat_id: str, workspace: Workspace) -> Workspace:
        """Return a workspace without them, asking nobody."""
        brought = self._brought.get(chat_id)
        return workspace if brought is None else brought.guessed.of_workspace(workspace)

    def out_of_error(self, chat_id: str, error: BaseException) -> None:
        """Take them out of an error, asking nobody: before it is logged."""
        brought = self._brought.get(chat_id)
        if brought is not None:
            brought.guessed.of_error(error)
