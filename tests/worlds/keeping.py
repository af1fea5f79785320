"""One workspace, under one name, and none that is lost: rules of what a chat is bound to, and of what is made for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from uuid import UUID

from chatworkspace import Transition
from tests.worlds.histories import Asked, History, Made, Written
from tests.worlds.reading import PLAIN, asked_for, calls, chat_ids, first_build_failed, leaves, made_by_id, makers, named, plans, writes

REFUSED = ("refused: ", "replacement refused: ")
"""How the note of a refusal begins."""

# ------------------------------------------------------------------ 1: one at every instant


def one_live_workspace(history: History) -> Iterator[str]:
    """At no instant there are two live workspaces of one chat's making, save those that an outcome named as left behind.

    While a replacement stands, what it has made lives beside what is bound; and what comes of a request once its name was given up, or its chat
    was closed, is a stray.
    """
    who, left = makers(history), named(history)
    for chat_id in sorted(set(who.values())):
        own = [made for made in history.made if who.get(made.id) == chat_id]
        yield from _one_live(chat_id, own, writes(history, chat_id), left)


def _one_live(chat_id: str, own: Sequence[Made], rows: Sequence[Written], left: Mapping[UUID, float]) -> Iterator[str]:
    late = {made.id for made in own if _came_late(rows, made)}
    instants = sorted({made.made_at for made in own} | {row.at for row in rows})
    for at in instants:
        live = [made for made in own if made.made_at <= at < made.gone_at and at < left.get(made.id, float("inf"))]
        if not _fits(_rows_at(rows, at)[-1], live, late):
            yield f"{chat_id} had {' and '.join(f'{made.made_as} ({made.id})' for made in live)} at {at:.3f}"
            return


def _rows_at(rows: Iterable[Written], at: float) -> list[Written | None]:
    """Return the row as it was before an instant, and as each write of that instant has left it."""
    before = [row for row in rows if row.at < at]
    return [before[-1] if before else None, *(row for row in rows if row.at == at)]


def _fits(row: Written | None, live: Sequence[Made], late: set[UUID]) -> bool:
    """Tell whether so many may be live, by the chat's row."""
    bound = None if row is None else row.after
    counted = [made for made in live if made.id == bound or made.id not in late]
    if len(counted) <= 1:
        return True
    others = [made for made in counted if made.id != bound]
    return row is not None and row.stands and len(others) == 1 and len(counted) == 2 and others[0].made_as.lower() == row.name.lower()


def _came_late(rows: Sequence[Written], made: Made) -> bool:
    """Tell whether its name had been given up when it was made.

    The number had gone up, for what bore it was left behind, or was to be replaced; or the chat was closed while nobody knew what would come of it.
    """
    doubted = (row for row in rows if row.call == "close_chat" and row.stood and row.name.lower() == made.made_as.lower())
    if any(row.at < made.made_at for row in doubted):
        return True
    numbers = {row.plan.number for row in rows if row.plan is not None and row.plan.name.lower() == made.made_as.lower()}
    at = [row.number for row in _rows_at(rows, made.made_at) if row is not None]
    return bool(numbers) and bool(at) and min(at) > max(numbers)


# ------------------------------------------------------------------ 2: none is lost


def led_back_by_name(history: History) -> Iterator[str]:
    """Every workspace of our making leads back to its chat by its name alone; those of no chat are listed; nothing is deleted unasked."""
    chats = {mark: row.chat.id for row in history.rows for mark in row.marks}
    who = makers(history)
    for made in history.made:
        if made.own:
            continue
        by_name = chats.get(made.made_as.lower().rpartition("-")[2])
        if by_name is None or by_name != who.get(made.id):
            yield f"{made.made_as} leads to {by_name}, and was made for {who.get(made.id)}"
        deletions = sum(build.transition is Transition.DELETE for build in made.builds)
        wanted = sum(deed.workspace_id == made.id for deed in history.deeds if deed.kind == "delete")
        wanted += sum(asked.workspace_id == made.id for asked in asked_for(history, "delete"))
        if deletions > wanted:
            yield f"{made.made_as} was deleted unasked"
    if history.sweep is not None:
        yield from _swept(history, chats)


def _swept(history: History, chats: dict[str, str]) -> Iterator[str]:
    assert history.sweep is not None
    bound = {row.chat.workspace_id for row in history.rows}
    planned = {row.plan.name.lower() for row in history.rows if row.plan is not None}
    live = [made for made in history.made if made.gone_at == float("inf") and made.name.lower().rpartition("-")[2] in chats]
    strays = {made.id for made in live if made.id not in bound and made.name.lower() not in planned}
    listed = {stray.id for stray in history.sweep.strays} | set(history.sweep.deleted)
    if listed != strays:
        yield f"the sweep lists {sorted(map(str, listed))}, and {sorted(map(str, strays))} are no chat's"
    for key, error in history.sweep.errors.items():
        yield f"the sweep could not do {key}: {error}"


# ------------------------------------------------------------------ 8: one name, one request


def one_name_one_request(history: History) -> Iterator[str]:
    """All creations ask for one name until a live one is left behind, or is to be; one request a plan, one more for each call that found none."""
    for chat_id in chat_ids(history):
        planned = plans(history, chat_id)
        for one, other in pairwise(planned):
            if one.plan is not None and other.plan is not None and one.plan.name != other.plan.name and not _may_differ(history, one, other):
                yield f"{chat_id} went from {one.plan.name} to {other.plan.name}, and nothing was left behind, nor to be"
        yield from _requests(history, planned, chat_id)
        opened: dict[int, int] = {}
        for generation, plan in {plan.generation: plan for plan in reversed(planned) if not plan.keep}.items():
            if opened.setdefault(plan.caller, generation) != generation and plan.caller != -1:
                yield f"call {plan.caller} opened generations {opened[plan.caller]} and {generation} of {chat_id}"


def _may_differ(history: History, one: Written, other: Written) -> bool:
    """Tell whether the name may be another one: what bore it was left behind, is to be replaced, or the replacement gave its own name back."""
    between = [it for it in writes(history, one.chat_id) if one.seq < it.seq <= other.seq]
    left = any((it.call != "claim" and leaves(it)) or "left behind" in it.note for it in between)
    given_back = one.keep and any(it.call == "release" and it.stood and not it.stands for it in between)
    return other.keep or left or given_back


def _requests(history: History, planned: Sequence[Written], chat_id: str) -> Iterator[str]:
    """Look whether whoever took another's plan over had looked by name before it asked: whoever planned before may have asked."""
    told, chains, before = calls(history), _chains(planned), dict[tuple[int, int], int]()
    for asked in asked_for(history, "create"):
        if asked.chat_id != chat_id:
            continue
        own = _own_plan(planned, asked)
        if own is None or own.plan is None or own.plan.name != asked.name:
            yield f"call {asked.caller} asked for {asked.name}, which it had not planned"
            continue
        chain = chains[own.seq]
        since = before.get((asked.caller, chain))
        first = not own.stood and since is None
        if not first and not any((since or 0) < seq < asked.seq for seq in told[asked.caller].found_none):
            yield f"call {asked.caller} asked again in generation {own.generation}, and had not looked by name"
        before[asked.caller, chain] = asked.seq


def _own_plan(planned: Sequence[Written], asked: Asked) -> Written | None:
    own = [plan for plan in planned if plan.caller == asked.caller and plan.seq < asked.seq]
    return own[-1] if own else None


def _chains(planned: Sequence[Written]) -> dict[int, int]:
    """Return by the seq of each plan which chain it is of: those that took each other's place."""
    found: dict[int, int] = {}
    for plan in planned:
        found[plan.seq] = max(found.values(), default=0) + (not plan.stood)
    return found


# ------------------------------------------------------------------ 13: what is refused takes nothing away


def refused_takes_nothing_away(history: History) -> Iterator[str]:
    """Whatever is live stays bound until its successor is, or somebody gives it up; no plain create asks for one; a refusal leaves no plan."""
    there = made_by_id(history)
    for write in history.written:
        before = None if write.before is None else there.get(write.before)
        if before is not None and leaves(write) and before.gone_at > write.at:
            yield from _switched(history, write, before)
        if write.call == "release" and write.note.startswith(REFUSED):
            yield from _refused(history, write)
    yield from _unasked(history)


def _switched(history: History, write: Written, before: Made) -> Iterator[str]:
    if write.call in {"claim", "release"}:
        yield f"a {write.call} unbound {before.made_as}, which was live"
    if write.call == "bind" and write.after is not None:
        after = made_by_id(history).get(write.after)
        if after is None or after.made_as.lower() != write.name.lower():
            yield f"{before.made_as} was replaced by {write.after}, which was not planned"


def _refused(history: History, write: Written) -> Iterator[str]:
    rows = writes(history, write.chat_id)
    claims = [it for it in rows if it.call == "claim" and it.epoch == write.epoch]
    if not claims or claims[-1].plan is None or claims[-1].stood:
        return
    claim, before = claims[-1], [it for it in rows if it.seq < claims[-1].seq]
    if write.stands:
        yield f"the plan of call {claim.caller} was refused for certain, and stands"
    elif claim.keep and before and (write.name, write.number) != (before[-1].name, before[-1].number):
        yield f"call {claim.caller} was refused, and has not given back {before[-1].name}"


def _unasked(history: History) -> Iterator[str]:
    told, there = calls(history), made_by_id(history)
    for asked in asked_for(history, "create"):
        own = _own_plan(plans(history, asked.chat_id), asked)
        if own is None or not own.keep or told[asked.caller].kind not in PLAIN or own.after is None:
            continue
        bound = there.get(own.after)
        if bound is not None and not first_build_failed(bound, own.at):
            yield f"a plain create asked for a replacement of {bound.made_as}"
