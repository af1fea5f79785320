"""Compares the platform's record with the store's, and says what must not have happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import attrs

from chatworkspace import Transition
from chatworkspace._domain import names
from chatworkspace.ports import Intent, Look, Store
from chatworkspace_fake import NEVER, Fails, FakeCoder, FakeWorkspace

NUMBERS = 9
"""Numbers whose marks are known, from each chat's present one on."""


class Seen(Protocol):
    """A workspace, by the platform's record."""

    @property
    def id(self) -> UUID:
        """Its own."""
        ...

    @property
    def made_as(self) -> str:
        """The name that it was made with."""
        ...

    @property
    def made_at(self) -> float:
        """An instant of the platform's."""
        ...

    @property
    def gone_at(self) -> float:
        """NEVER: it is there."""
        ...

    @property
    def builds(self) -> Sequence[tuple[float, Transition]]:
        """When each was asked for, and what it was."""
        ...


@attrs.frozen(kw_only=True)
class Record:
    """All that is left when everything is over."""

    made: Sequence[Seen]
    """Whatever the platform ever made, in that order."""
    looks: Mapping[str, Look]
    """The store's chats."""
    histories: Mapping[str, Sequence[Intent]]
    marks: Mapping[str, tuple[str, int]]
    """Mark -> chat, and the number in it."""
    told: Sequence[Mapping[str, Any]] = ()
    """What workers reported of their calls, as `{"chat": id, "told": {...}}`."""
    strays: Collection[str] = ()
    """What the sweep lists."""
    left: Collection[UUID] = ()
    """Left behind on a caller's word, which the histories do not have."""
    asked: Mapping[str, int] = attrs.field(factory=dict[str, int])
    """Chat -> calls that asked for something to be left behind."""
    own: Collection[UUID] = ()
    """Made by a user in the platform's page."""
    deleted: Collection[UUID] = ()
    """Deleted by a user, or on a caller's word."""
    failed: Collection[UUID] = ()
    """Those whose first build came to nothing."""

    def chat_of(self, workspace: Seen) -> str | None:
        """Return the chat that a workspace leads back to by its name alone."""
        chat_id, _ = self.marks.get(_mark(workspace), (None, 0))
        return chat_id

    def number_of(self, workspace: Seen) -> int:
        """Return the number in its name."""
        return self.marks[_mark(workspace)][1]

    def given_up(self, chat_id: str) -> set[UUID]:
        """Return what a chat has left behind on a caller's word."""
        return {*self.left, *(it.replaces for it in _leavings(self.histories.get(chat_id, ())) if it.replaces is not None)}

    def bound_before(self, chat_id: str) -> set[UUID]:
        """Return all that a chat was ever bound to."""
        return {it.workspace_id for it in self.histories.get(chat_id, ()) if it.workspace_id is not None}

    def by_chat(self) -> dict[str, list[Seen]]:
        """Return what was made for each chat, in that order."""
        found: defaultdict[str, list[Seen]] = defaultdict(list)
        for workspace in self.made:
            chat_id = self.chat_of(workspace)
            if chat_id is not None and workspace.id not in self.own:
                found[chat_id].append(workspace)
        return dict(found)

    @property
    def live(self) -> list[Seen]:
        """Those of the library's making that are there in the end."""
        return [it for it in self.made if it.gone_at == NEVER and it.id not in self.own]

    @property
    def bound(self) -> dict[str, UUID]:
        """Return what each chat is bound to, if anything."""
        return {chat_id: look.chat.workspace_id for chat_id, look in self.looks.items() if look.chat.workspace_id is not None}


def _mark(workspace: Seen) -> str:
    return workspace.made_as.lower()[-names.MARK_LENGTH :]


def _leavings(history: Sequence[Intent]) -> list[Intent]:
    """Return those by which something was left behind: a replacement that was made, an attachment, a detachment."""
    return [it for it in history if it.template_id is None or (it.replaces is not None and it.workspace_id is not None)]


def record(coder: FakeCoder, store: Store, **more: Any) -> Record:
    """Read everything that a simulated platform has made."""
    return compared(coder.workspaces, store, failed={it.id for it in coder.workspaces if failed_at_first(it)}, **more)


def compared(made: Sequence[Seen], store: Store, **more: Any) -> Record:
    """Read everything of the store's, beside what a platform has made, in that order."""
    looks = {look.chat.id: look for look in store.chats(limit=100_000)}
    secret = store.secret()
    return Record(
        made=made,
        looks=looks,
        histories={chat_id: store.history(chat_id) for chat_id in looks},
        marks={
            names.mark_of(secret, chat_id, number): (chat_id, number) for chat_id, look in looks.items() for number in range(look.number + NUMBERS)
        },
        **more,
    )


def problems(record: Record, *, claims: bool = True) -> list[str]:
    """Return what is wrong. claims=False: they kept nobody out, and what must hold all the same is that one is live and none is lost."""
    rules = (*ALWAYS, *WITH_CLAIMS) if claims else ALWAYS
    return [f"{rule.__name__}: {problem}" for rule in rules for problem in rule(record)]


def one_live(record: Record) -> Iterator[str]:
    """At no instant a chat has two live workspaces, save what was left behind on a caller's word, and what comes late under a name given up."""
    for chat_id, made in record.by_chat().items():
        given_up, bound = record.given_up(chat_id), record.bound_before(chat_id)
        live: list[Seen] = []
        for workspace in sorted(made, key=lambda it: it.made_at):
            live = [older for older in live if older.gone_at > workspace.made_at and older.id not in given_up]
            beside = [older for older in live if not (_late(record, older, workspace, bound) or _asked_for(record, chat_id, older, workspace, bound))]
            if beside:
                yield f"{chat_id} has {beside[0].made_as} and {workspace.made_as} at {workspace.made_at:.3f}"
            live.append(workspace)


def _late(record: Record, one: Seen, other: Seen, bound: Collection[UUID]) -> bool:
    """Tell whether one of them has the lower number and was never the chat's: what it was asked for had been left behind when it was made."""
    lower, higher = sorted((one, other), key=record.number_of)
    return record.number_of(lower) < record.number_of(higher) and lower.id not in bound


def _asked_for(record: Record, chat_id: str, older: Seen, newer: Seen, bound: Collection[UUID]) -> bool:
    """Tell whether the newer is a replacement that a caller has asked for, and that its user deleted before it was bound."""
    never_seen = newer.id in record.deleted and newer.id not in bound
    return never_seen and record.asked.get(chat_id, 0) > 0 and record.number_of(older) < record.number_of(newer)


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
    """No two chats are bound to one workspace, save one of the user's own, which may be attached to several."""
    bound = [it for it in record.bound.values() if it not in record.own]
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
    """All that was made for a chat has one name, and one more for each call to leave something behind, and each first build that came to nothing."""
    for chat_id, made in record.by_chat().items():
        called = {it.made_as for it in made}
        left = sum(it.id in record.left or it.id in record.failed for it in made)
        if len(called) > 1 + left + record.asked.get(chat_id, 0):
            yield f"{chat_id} has {sorted(called)}"


def failed_at_first(workspace: FakeWorkspace) -> bool:
    """Tell whether its first build came to nothing."""
    first, *_ = workspace.records
    return first.canceled_at < NEVER or isinstance(first.duration, Fails)


def deleted_unasked(record: Record) -> Iterator[str]:
    """Nothing is deleted that nobody named."""
    for workspace in record.made:
        if any(transition is Transition.DELETE for _, transition in workspace.builds) and workspace.id not in record.deleted:
            yield f"{workspace.made_as} was deleted unasked"


ALWAYS = (one_live, led_back, accounted_for, one_name, deleted_unasked)
WITH_CLAIMS = (none_claimed, bound_once, told_the_same)
