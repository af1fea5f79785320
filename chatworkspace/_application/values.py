"""The values that the calls of this process have brought for each chat, and that may be secret: no later call is to tell them either.

All of it is bounded, and all of it may be lost: another process, or this one when many others have come since, does not know the values. They are in
no repr. Needs no lock: each step is one of a dict's own.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from uuid import UUID

from chatworkspace._domain.offer import Parameter
from chatworkspace._domain.redaction import Redaction, every_value, secret_values
from chatworkspace.model import Workspace

MOST_CHATS = 4096
MOST_VALUES = 256
"""Of a chat."""


class Brought:
    """What was brought for one chat. Safe from any thread."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], None] = {}
        self._made: _Made | None = None
        self.asked_of: tuple[UUID, UUID] | None = None
        """The owner, and the template whose questions these are answers to; None: neither is known yet."""

    def add(self, parameters: Mapping[str, str]) -> None:
        """Remember the values of a call."""
        self._pairs.update(dict.fromkeys(parameters.items()))
        for oldest in list(self._pairs)[: max(len(self._pairs) - max(MOST_VALUES, len(parameters)), 0)]:
            self._pairs.pop(oldest, None)

    @property
    def made(self) -> _Made:
        """What is to be taken out."""
        pairs = list(self._pairs)
        made = self._made
        if made is None or made.pairs != pairs:
            made = self._made = _Made(pairs)
        return made


class _Made:
    """What is to be taken out, of these values."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.every = Redaction(every_value(pairs))
        """Of all values, secret or not."""
        self.guessed = Redaction(secret_values(pairs))
        """Of those that are secret as far as can be told without the template."""
        self._known: tuple[Sequence[Parameter], Redaction] | None = None

    @property
    def best(self) -> Redaction:
        """Of those that are secret as far as has been found out."""
        known = self._known
        return self.guessed if known is None else known[1]

    def known(self, asked: Sequence[Parameter]) -> Redaction:
        """Return what is to be taken out by what the template asks."""
        known = self._known
        if known is None or known[0] is not asked:
            known = self._known = asked, Redaction(secret_values(self.pairs, asked))
        return known[1]


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
        self._brought.setdefault(chat_id, Brought()).add(parameters)
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
        return text if brought is None else brought.made.best.of_text(text)

    def out_of_workspace(self, chat_id: str, workspace: Workspace) -> Workspace:
        """Return a workspace without them, asking nobody."""
        brought = self._brought.get(chat_id)
        return workspace if brought is None else brought.made.best.of_workspace(workspace)

    def out_of_error(self, chat_id: str, error: BaseException) -> None:
        """Take them out of an error, asking nobody: before it is logged."""
        brought = self._brought.get(chat_id)
        if brought is not None:
            brought.made.best.of_error(error)
