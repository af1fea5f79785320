"""Compares the platform's record with the store's, and says what must not have happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Transition
from chatworkspace._domain import names
from chatworkspace.ports import Intent, Look, Store
from chatworkspace_fake import NEVER, FakeCoder, FakeWorkspace

NUMBERS = 9
"""Numbers whose marks are known, from each chat's present one on."""


@attrs.frozen(kw_only=True)
class Record:
    """All that is left when everything is over."""

    made: Sequence[FakeWorkspace]
    """Whatever the platform ever made, in that order."""
    looks: Mapping[str, Look]
    """The store's chats."""
    histories: Mapping[str, Sequence[Intent]]
    marks: Mapping[str, str]
    """Mark -> chat."""
    told: Sequence[Mapping[str, Any]] = ()
    """What workers reported of their calls, as `{"chat": id, "told": {...}}`."""
    strays: Collection[str] = ()
    """What the sweep lists."""
    left: Collection[UUID] = ()
    """Left behind on a caller's word."""
    own: Collection[UUID] = ()
    """Made by a user in the platform's page."""
    deleted: Collection[UUID] = ()
    """Deleted by a user, or on a caller's word."""

    def chat_of(self, workspace: FakeWorkspace) -> str | None:
        """Return the chat that a workspace leads back to by its name alone."""
        return self.marks.get(workspace.made_as.lower()[-names.MARK_LENGTH :])

    def by_chat(self) -> dict[str, list[FakeWorkspace]]:
        """Return what was made for each chat, in that order."""
        found: defaultdict[str, list[FakeWorkspace]] = defaultdict(list)
        for workspace in self.made:
            chat_id = self.chat_of(workspace)
            if chat_id is not None and workspace.id not in self.own:
                found[chat_id].append(workspace)
        return dict(found)

    @property
    def live(self) -> list[FakeWorkspace]:
        """Those of the library's making that are there in the end."""
        return [it for it in self.made if it.gone_at == NEVER and it.id not in self.own]

    @property
    def bound(self) -> dict[str, UUID]:
        """Return what each chat is bound to, if anything."""
        return {chat_id: look.chat.workspace_id for chat_id, look in self.looks.items() if look.chat.workspace_id is not None}


def record(coder: FakeCoder, store: Store, **more: Any) -> Record:
    """Read everything."""
    looks = {look.chat.id: look for look in store.chats(limit=100_000)}
    secret = store.secret()
    return Record(
        made=coder.workspaces,
        looks=looks,
        histories={chat_id: store.history(chat_id) for chat_id in looks},
        marks={names.mark_of(secret, chat_id, number): chat_id for chat_id, look in looks.items() for number in range(look.number + NUMBERS)},
        **more,
    )


def problems(record: Record, *, claims: bool = True) -> list[str]:
    """Return what is wrong. claims=False: they kept nobody out, and what must hold all the same is that one is live and none is lost."""
    rules = (*ALWAYS, *WITH_CLAIMS) if claims else ALWAYS
    return [f"{rule.__name__}: {problem}" for rule in rules for problem in rule(record)]


def one_live(record: Record) -> Iterator[str]:
    """At no instant a chat has two live workspaces, save those left behind on a caller's word."""
    for chat_id, made in record.by_chat().items():
        live: list[FakeWorkspace] = []
        for workspace in sorted(made, key=lambda it: it.made_at):
            live = [older for older in live if older.gone_at > workspace.made_at and older.id not in record.left]
            if live:
                yield f"{chat_id} has {live[0].made_as} and {workspace.made_as} at {workspace.made_at:.3f}"
            live.append(workspace)


def led_back(record: Record) -> Iterator[str]:
    """Whatever the library made leads back to a chat by its name alone."""
    for workspace in record.made:
        if workspace.id not in record.own and record.chat_of(workspace) is None:
            yield f"{workspace.made_as} leads to no chat"


def accounted_for(record: Record) -> Iterator[str]:
    """Of what is live, each is bound, or the sweep lists it."""
    bound = set(record.bound.values())
    for workspace in record.live:
        if (workspace.id in bound) == (str(workspace.id) in record.strays):
            yield f"{workspace.made_as} is {'bound, and a stray' if workspace.id in bound else 'not bound, and no stray'}"


def none_claimed(record: Record) -> Iterator[str]:
    """No claim is in force, and no plan stands but beside a binding: a replacement that was never made does no harm, and each sweep looks for it."""
    for chat_id, look in record.looks.items():
        if look.claimed_for > 0:
            yield f"{chat_id} is claimed for another {look.claimed_for:.1f} s"
        if look.plan is not None and look.chat.workspace_id is None:
            yield f"{chat_id} has a plan"


def bound_once(record: Record) -> Iterator[str]:
    """No two chats are bound to one workspace."""
    bound = list(record.bound.values())
    for workspace_id in {it for it in bound if bound.count(it) > 1}:
        yield f"{workspace_id} is bound twice"


def told_the_same(record: Record) -> Iterator[str]:
    """All who were told ready in one generation were told one workspace, and the history has it for that generation."""
    for report in record.told:
        chat_id, told = report["chat"], report["told"]
        if told.get("reason") == "unexpected":
            yield f"{chat_id}: {told['error']}: {told['message']}"
        if not (told["ready"] and "generation" in told):
            continue
        recorded = {intent.generation: intent.workspace_id for intent in record.histories[chat_id]}.get(told["generation"])
        if str(recorded) != told["workspace_id"]:
            yield f"{chat_id}, generation {told['generation']}: {told['workspace_id']} was told, {recorded} is recorded"


def one_name(record: Record) -> Iterator[str]:
    """All that was made for a chat has one name, until a live one of that name was left behind."""
    for chat_id, made in record.by_chat().items():
        called = {it.made_as for it in made}
        if len(called) > 1 + sum(it.id in record.left for it in made):
            yield f"{chat_id} has {sorted(called)}"


def deleted_unasked(record: Record) -> Iterator[str]:
    """Nothing is deleted that nobody named."""
    for workspace in record.made:
        if any(transition is Transition.DELETE for _, transition in workspace.builds) and workspace.id not in record.deleted:
            yield f"{workspace.made_as} was deleted unasked"


ALWAYS = (one_live, led_back, accounted_for, one_name, deleted_unasked)
WITH_CLAIMS = (none_claimed, bound_once, told_the_same)
