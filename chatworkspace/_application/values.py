"""The values that the calls of this process have brought for each chat, and that may be secret: no later call is to tell them either.

All of it is bounded, and all of it may be lost: another process, or this one when many others have come since, does not know the values. They are in
no repr. Needs no lock: each step is one of a dict's own.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from chatworkspace._domain.offer import Parameter
from chatworkspace._domain.redaction import Redaction, every_value, secret_values
from chatworkspace.model import Workspace

V = TypeVar("V")

MOST_CHATS = 4096
MOST_MADE = 256
"""Chats for which it is kept ready what is to be looked for: that is some hundred times as large as the values."""
MOST_VALUES = 256
"""Of a chat."""


class Brought:
    """What was brought for one chat. Safe from any thread."""

    def __init__(self) -> None:
        self.pairs: dict[tuple[str, str], None] = {}
        """Names and values."""
        self.asked_of: tuple[UUID, UUID] | None = None
        """The owner, and the template whose questions these are answers to; None: neither is known yet."""

    def add(self, parameters: Mapping[str, str]) -> None:
        """Remember the values of a call."""
        now = dict.fromkeys(parameters.items())
        self.pairs.update(now)
        before = [pair for pair in list(self.pairs) if pair not in now]
        for oldest in before[: max(len(self.pairs) - MOST_VALUES, 0)]:
            self.pairs.pop(oldest, None)


class Made:
    """What is to be taken out, of these values."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.every = Redaction(every_value(pairs))
        """Of all values, secret or not."""
        self._names = frozenset(name for name, _ in pairs)
        self.guessed = Redaction(secret_values(pairs), self._names)
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
            known = self._known = asked, Redaction(secret_values(self.pairs, asked), self._names.union(it.name for it in asked))
        return known[1]


class Values:
    """What was brought, by chat. Safe from any thread."""

    def __init__(self) -> None:
        self._brought: dict[str, Brought] = {}
        self._made: dict[str, Made] = {}
        self.told: Container[str] = self._brought
        """The chats for which something was brought: no others need a look."""

    def bring(self, chat_id: str, parameters: Mapping[str, str]) -> None:
        """Remember the values of a call."""
        if not parameters:
            return
        self._brought.setdefault(chat_id, Brought()).add(parameters)
        _forget_some(self._brought, MOST_CHATS)

    def of(self, chat_id: str) -> Brought | None:
        """Return what was brought for a chat."""
        return self._brought.get(chat_id)

    def made_of(self, chat_id: str) -> Made | None:
        """Return what is to be taken out of what is said to a chat; None: nothing was brought."""
        brought = self._brought.get(chat_id)
        if brought is None:
            return None
        pairs, made = list(brought.pairs), self._made.get(chat_id)
        if made is None or made.pairs != pairs:
            made = self._made[chat_id] = Made(pairs)
            _forget_some(self._made, MOST_MADE)
        return made

    def answer_to(self, chat_id: str, owner_id: UUID, template_id: UUID) -> None:
        """Note whose questions the values are answers to."""
        brought = self._brought.get(chat_id)
        if brought is not None:
            brought.asked_of = owner_id, template_id

    def out_of_text(self, chat_id: str, text: str) -> str:
        """Return a text without them, asking nobody: for where nothing may be asked. What may be secret goes."""
        made = self.made_of(chat_id)
        return text if made is None else made.best.of_text(text)

    def out_of_workspace(self, chat_id: str, workspace: Workspace) -> Workspace:
        """Return a workspace without them, asking nobody."""
        made = self.made_of(chat_id)
        return workspace if made is None else made.best.of_workspace(workspace)

    def out_of_error(self, chat_id: str, error: BaseException) -> None:
        """Take them out of an error, asking nobody: before it is logged."""
        made = self.made_of(chat_id)
        if made is not None:
            made.best.of_error(error)


def _forget_some(remembered: dict[str, V], most: int) -> None:
    if len(remembered) > most:
        for oldest in list(remembered)[: most // 2]:
            remembered.pop(oldest, None)
