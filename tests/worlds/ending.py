"""Random worlds in which chats are deleted, what stands still is resumed, and calls are cancelled.

`PYTHONPATH=.:adapters python -m tests.worlds.ending SEED` replays one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import attrs

from tests.worlds.chance import Chance
from tests.worlds.checker import check
from tests.worlds.histories import History, Written
from tests.worlds.reading import asked_for, calls, made_by_id, makers, writes
from tests.worlds.script import PAUSES, Action
from tests.worlds.world import World

CANCELLED = (None, None, None, 0.0, 0.5, 4.0, 30.0)
"""Seconds after which a call is cancelled."""
MOST = 10.0 + 25.0 + 5.0 + 60.0
"""Seconds in which a call that was cancelled ends, but for pauses: planning, a claim's life, what a store takes at most, and a request that changes
something."""
DELETE = Action(kind="delete", after=0.0, chat_id="", template=0, wish="", wait=None, share=0.0)


class EndingWorld(World):
    """One random world, with endings. The same seed draws the same from World."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.drawn = Chance(-(seed + (1 << 50)))
        self.script.calls = [(process, self._ended(actions)) for process, actions in self.script.calls]

    def _ended(self, actions: list[Action]) -> list[Action]:
        """Return a script in which some calls resume, some are cancelled, and some delete the chat, or come behind that."""
        drawn, found = self.drawn, list[Action]()
        for it in actions:
            kind = "resume" if it.kind == "create" and drawn.happens(0.4) else it.kind
            found.append(attrs.evolve(it, kind=kind, cancel=None if kind == "sweep" else drawn.pick(CANCELLED)))
        if drawn.happens(0.4):
            end = attrs.evolve(
                DELETE, after=drawn.pick(PAUSES), chat_id=drawn.pick(self.chats), wait=drawn.pick((None, 0.0, 20.0)), cancel=drawn.pick(CANCELLED)
            )
            place = drawn.below(len(found) + 1)
            attached = attrs.evolve(end, kind="attach", share=drawn.share(), cancel=None)
            found[place:place] = [attached, end] if drawn.happens(0.3) else [end]
        return found

    def _last_kinds(self, chat_id: str) -> tuple[str, ...]:
        """Return what is called for when all is quiet: of a chat that is closed, its deletion as well."""
        return ("delete", "create", "status", "connect") if self._look(chat_id).chat.closed else super()._last_kinds(chat_id)


def problems(history: History) -> list[str]:
    """Return what is wrong with it."""
    rules = {14: only_its_own_is_deleted, 15: what_is_deleted_is_gone, 16: cancelled_calls_end}
    return [*check(history), *(f"{number}: {problem}" for number, rule in rules.items() for problem in rule(history))]


def only_its_own_is_deleted(history: History) -> Iterator[str]:
    """Delete what was made for the chat, once that is closed, and what it had then, and nothing else."""
    told, made_for = calls(history), makers(history)
    for asked in asked_for(history, "delete"):
        if told[asked.caller].kind != "delete" or asked.workspace_id is None:
            continue
        closing = _closing(history, asked.chat_id)
        if closing is None or closing.seq > asked.seq:
            yield f"{asked.chat_id} was not closed when the deletion of {asked.workspace_id} was asked for"
        elif closing.before != asked.workspace_id:
            yield f"{asked.chat_id} had {closing.before} when it was closed, and {asked.workspace_id} was deleted"
        elif made_for.get(asked.workspace_id) != asked.chat_id:
            yield f"{asked.workspace_id} was deleted, which was not made for {asked.chat_id}"


def what_is_deleted_is_gone(history: History) -> Iterator[str]:
    """Once all is quiet, the last deletion of a closed chat has left nothing of what the chat had, if that is its making and no other chat has it."""
    there, who = made_by_id(history), makers(history)
    bound = {row.chat.workspace_id for row in history.rows}
    for row in history.rows:
        closing = _closing(history, row.chat.id)
        if closing is None:
            continue
        had = None if closing.before is None else there.get(closing.before)
        if had is not None and who.get(had.id) == row.chat.id and had.id not in bound and had.gone_at == float("inf"):
            yield f"{row.chat.id} was deleted, and {had.made_as} is there still"


def cancelled_calls_end(history: History) -> Iterator[str]:
    """Whatever it waits for, but for a request that is under way."""
    for told in history.told:
        if told.ended_at is None or told.cancelled_at is None:
            continue
        paused = sum(it.seconds for it in history.pauses if it.process == told.process)
        if told.ended_at > told.cancelled_at + MOST + paused:
            yield f"call {told.caller} to {told.kind} was cancelled at {told.cancelled_at:.3f}, and ended at {told.ended_at:.3f}"


def _closing(history: History, chat_id: str) -> Written | None:
    return next((it for it in writes(history, chat_id) if it.call == "close_chat"), None)


def main(seed: int) -> None:
    """Replay one, and tell what is wrong."""
    history = EndingWorld(seed).run()
    told = [f"{it.caller} {it.process} {it.kind} {it.chat_id} {it.begun_at:.3f}..{it.ended_at} {it.error} {it.outcome}" for it in history.told]
    sys.stdout.write("\n".join([history.trace, "", *told, *(problems(history) or ["no violations"]), ""]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
