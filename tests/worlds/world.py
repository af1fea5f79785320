"""Random worlds: a few processes over one store and one platform, each thread with a script, faults, kills, pauses, and a user who interferes.

`PYTHONPATH=.:adapters python -m tests.worlds.world SEED` replays one: its story, what every caller was told, and what is wrong with it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Cancel, ChatWorkspaceError, Outcome
from chatworkspace._application.sweeping import STANDING
from chatworkspace._domain import names
from chatworkspace.ports import Look
from chatworkspace_fake import MemoryStore, Process, Simulation
from chatworkspace_fake._simulation.registry import registry
from tests.worlds.book import Book, Everybody, WorldCoder, WorldStore
from tests.worlds.chance import Chance
from tests.worlds.histories import BuildMade, History, Left, Made, Pause, Row, Told
from tests.worlds.script import Action, Script

QUIET = 200.0
"""Seconds after the last call: beyond every claim, every request that arrives late, and whatever the user does."""
WAITING = frozenset({"store.wait_for_turn", "watch.next"})
"""Port calls that wait; all others end by limits of their own."""
BACK_OFF = 1.0
DIAL = 30.0
"""Seconds that a connect takes at most: Timeouts.dial."""


class World:
    """One random world, made from its seed and run once."""

    simulation: Callable[..., Any] = Simulation
    """Makes what it happens in."""

    def __init__(self, seed: int, *, claims: bool = True, mutex: bool = True, marks: bool = True) -> None:
        self.seed = seed
        self.chance = chance = Chance(seed)
        self.book = Book()
        self.told: dict[int, Told] = {}
        self.mutex = mutex
        self.actors: dict[int, tuple[str, int, int]] = {}
        watching = chance.happens(0.9)
        self.sim = self.simulation(
            seed,
            store=partial(WorldStore, book=self.book, claims=claims),
            coder=partial(WorldCoder, book=self.book, watching=watching, marks=marks, chance=Chance(seed)),
        )
        if seed % 3 == 0:  # agents that are slow to be reached first, and are reached ahead
            self.sim.coder.slow_first_dials(seed)
        registry.let_go(self.sim)  # a fault may strike in a random world, or may not
        self.script = Script(self.sim, chance, watching=watching)
        self.chats, self.processes = self.script.chats, self.script.processes

    # -------------------------------------------------------------- running

    def run(self) -> History:
        """Run it to its end, let faults end and quiet come, and see what is left."""
        sim = self.sim
        for process in self.processes:
            self._begin(process)
        for chat_id in self.chats:
            sim.store.open_chat(chat_id, sim.owner_id, sim.organization_id)
        sim.run(*[partial(self._play, process, calls) for process, calls in self.script.calls])
        self._calm_down()
        last = sim.process("last")
        self._begin(last)
        if self.chance.happens(0.3):
            sim.sleep(STANDING)
            last.workspaces.sweep()
        for chat_id in self.chats:
            for kind in self._last_kinds(chat_id):
                self._call(last, Action(kind=kind, after=0, chat_id=chat_id, template=0, wish="", wait=None, share=0), last=True)
        sim.sleep(STANDING)
        self._call(last, Action(kind="sweep", after=0, chat_id=self.chats[0], template=0, wish="", wait=None, share=0), last=True)
        return self._history(last)

    def _last_kinds(self, chat_id: str) -> tuple[str, ...]:
        """Return what is called for when all is quiet."""
        del chat_id
        return ("create", "status", "connect")

    def _begin(self, process: Process) -> None:
        """Take its mutex away, if that is what this world is for."""
        service: Any = process.workspaces
        if not self.mutex:
            service._parts.steps.mutex = Everybody()

    def _calm_down(self) -> None:
        """Let the faults end, and all that is under way."""
        for fake in (self.sim.store, self.sim.coder):
            faults: Any = fake
            faults._faults._armed.clear()
        self.sim.sleep(QUIET)
        bound = {self._look(chat_id).chat.workspace_id for chat_id in self.chats}
        for workspace in self.sim.coder.workspaces:
            workspace.show()
            if workspace in self.sim.coder.live and workspace.id in bound and self.chance.happens(0.2):
                workspace.rename(f"renamed-{self.chance.name()}")

    def _play(self, process: Process, script: list[Action]) -> None:
        for action in script:
            process.clock.sleep(action.after)
            self._call(process, action)

    def _call(self, process: Process, action: Action, *, last: bool = False) -> None:
        sim, steps = self.sim, self._steps
        caller = self.book.begin(action.chat_id)
        told = Told(
            caller=caller,
            process=process.name,
            kind=action.kind,
            chat_id=action.chat_id,
            begun_at=sim.elapsed,
            ended_at=None,
            wait=DIAL if action.kind == "connect" else action.wait,
            cancelled_at=None if action.cancel is None else sim.elapsed + action.cancel,
            last=last,
        )
        self.told[caller] = told
        actor, begun = self._actor, len(steps)
        changes: dict[str, Any]
        try:
            changes = self._answer(process, action)
        except ChatWorkspaceError as error:
            changes = {"error": type(error).__name__}
        except Exception as error:  # noqa: BLE001 - the checker says that it is none of ours
            changes = {"error": repr(error), "leaked": True}
        self.told[caller] = attrs.evolve(told, ended_at=sim.elapsed, **changes)
        self.actors[caller] = actor, begun, len(steps)

    def _answer(self, process: Process, action: Action) -> dict[str, Any]:
        """Make the call; return what of Told it comes to."""
        if action.kind == "sweep":
            return {"swept": process.workspaces.sweep()}
        if action.kind == "connect":
            with process.workspaces.connect(action.chat_id, cancel=self._cancel(action)):
                return {"connected": True}
        if action.kind == "follow":
            progress = tuple(process.workspaces.follow(action.chat_id, wait=action.wait, cancel=self._cancel(action)))
            return {"progress": progress, "outcome": progress[-1].outcome if progress else None}
        return {"outcome": self._outcome(process, action)}

    def _outcome(self, process: Process, action: Action) -> Outcome:  # noqa: PLR0911 # one for each kind
        service, chat_id, wait, cancel = process.workspaces, action.chat_id, action.wait, self._cancel(action)
        template = self.script.templates[action.template]
        match action.kind:
            case "start":
                return service.start(chat_id, wait=wait, cancel=cancel)
            case "stop":
                return service.stop(chat_id, wait=wait, cancel=cancel)
            case "attach":
                known = self.sim.coder.workspaces
                chosen = known[int(action.share * len(known))].id if known else UUID(int=1)
                return service.attach(chat_id, chosen, wait=wait, cancel=cancel)
            case "detach":
                return service.detach(chat_id, wait=wait, cancel=cancel)
            case "delete":
                return service.delete(chat_id, wait=wait, cancel=cancel)
            case "status":
                return service.status(chat_id, wait=600 if wait is None else wait, cancel=cancel)
            case _:
                there = self._look(chat_id).chat.workspace_id or False
                replace = {"replace": True, "replace this": there}.get(action.kind, False)
                start = action.kind == "resume"
                return service.create(chat_id, template.id, name=action.wish, start=start, replace=replace, wait=wait, cancel=cancel)

    def _cancel(self, action: Action) -> Cancel | None:
        """Return what ends the wait of a call that begins now."""
        if action.cancel is None:
            return None
        cancel = Cancel()
        if action.cancel:
            self.sim.at(self.sim.elapsed + action.cancel, cancel.cancel)
        else:
            cancel.cancel()
        return cancel

    # -------------------------------------------------------------- telling

    @property
    def _steps(self) -> list[tuple[float, str, str, str, str, float]]:
        sim: Any = self.sim
        steps: list[tuple[float, str, str, str, str, float]] = sim._scheduler.trace._steps
        return steps

    @property
    def _actor(self) -> str:
        sim: Any = self.sim
        return str(sim._scheduler.current.name)

    def _look(self, chat_id: str) -> Look:
        return MemoryStore.look(self.sim.store, chat_id)

    def _history(self, last: Process) -> History:
        sim, book = self.sim, self.book
        pauses, dials = self._pauses(), self._dials()
        asleep = {told.caller: self._spent(told, pauses, dials) for told in self.told.values()}
        told = [attrs.evolve(it, spent=asleep[it.caller], found_none=tuple(book.found_none.get(it.caller, ()))) for it in self.told.values()]
        return History(
            seed=self.seed,
            life=30.0,
            made=tuple(self._made()),
            deeds=tuple(self.script.deeds),
            asked=tuple(book.asked),
            written=tuple(book.written),
            observed=tuple(book.observed),
            dialled=tuple(book.dialled),
            told=tuple(told),
            pauses=tuple(pauses),
            left=tuple(self._left([*self.processes, last])),
            rows=tuple(self._row(chat_id) for chat_id in self.chats),
            sweep=told[-1].swept,
            trace=sim.trace,
        )

    def _pauses(self) -> list[Pause]:
        return [
            Pause(process=process, at=at, seconds=float(what.split()[2]))
            for at, _, process, what, _, _ in self._steps
            if what.startswith("paused for")
        ]

    def _dials(self) -> dict[str, list[tuple[float, float]]]:
        """Return when each process dialled, from when to when."""
        dials: dict[str, list[tuple[float, float]]] = {}
        for at, _, process, what, _, since in self._steps:
            if what == "coder.dial" and since < at:
                dials.setdefault(process, []).append((since, at))
        return dials

    def _spent(self, told: Told, pauses: list[Pause], dials: Mapping[str, list[tuple[float, float]]]) -> float:
        """Return what of the time after a call's deadline was not its own."""
        if told.ended_at is None or told.wait is None:
            return 0.0
        due, (actor, begun, ended) = told.begun_at + told.wait, self.actors[told.caller]
        spent = 0.0
        for at, who, _, what, outcome, since in self._steps[begun:ended]:
            if who == actor and "." in what and what not in WAITING:
                spent += max(at - max(since, due), 0) + (BACK_OFF if outcome == "UnavailableError" else 0)
            elif who == actor and what == "wait":  # perhaps for a dial that another thread makes for both
                spent += max([0.0, *(min(at, end) - max(since, due, begin) for begin, end in dials.get(told.process, ()))])
        return spent + sum(max(min(it.at + it.seconds, told.ended_at) - max(it.at, due), 0) for it in pauses if it.process == told.process)

    def _made(self) -> list[Made]:
        made: list[Made] = []
        for it in self.sim.coder.workspaces:
            workspace: Any = it
            builds = tuple(
                BuildMade(
                    number=build.number,
                    transition=build.transition,
                    asked_at=build.asked,
                    failed=build.status_at(build.ends_at).value in {"failed", "canceled"},
                )
                for build in workspace._builds
            )
            made.append(
                Made(id=it.id, made_as=it.made_as, name=it.name, made_at=it.made_at, gone_at=it.gone_at, own=it.id in self.script.own, builds=builds)
            )
        return made

    def _row(self, chat_id: str) -> Row:
        look, store = self._look(chat_id), self.sim.store
        secret = store.secret()
        marks = tuple(names.mark_of(secret, chat_id, number) for number in range(look.number + names.LOST_NUMBERS))
        return Row(chat=look.chat, plan=look.plan, claimed_for=look.claimed_for, marks=marks, intents=tuple(store.history(chat_id)))

    def _left(self, processes: list[Process]) -> list[Left]:
        left: list[Left] = []
        dead = 0
        for process in processes:
            host: Any = process
            if host._host.killed:
                dead += 1
                continue
            service: Any = process.workspaces
            parts = service._parts
            tables = {"mutexes": parts.mutex, "dials": parts.waiter._dials, "calls": parts.calls, "watches": parts.watches}
            left += [Left(where=process.name, what=what, count=len(table)) for what, table in tables.items()]
        if not dead:  # a dead process closes nothing; its connections end with it, which this platform does not play
            left.append(Left(where="platform", what="open watches", count=self.sim.coder.open_watches))
        return left


def main(seed: int) -> None:
    """Replay a world, and tell all about it."""
    from tests.worlds.checker import check  # noqa: PLC0415 - the checker reads histories, not worlds

    history = World(seed).run()
    lines = [history.trace, ""]
    for told in history.told:
        said = told.outcome
        ended = "killed" if told.ended_at is None else f"{told.ended_at:.3f}"
        what = f"{said.state.value}/{said.reason.value} generation {said.chat.generation} {said.workspace_id}" if said is not None else told.error
        lines.append(f"{told.caller:3} {told.process} {told.kind} {told.chat_id} wait={told.wait} {told.begun_at:.3f}..{ended} {what}")
    lines += ["", *(f"deed {it.kind} at {it.at:.3f} {it.workspace_id}" for it in history.deeds)]
    lines += [
        f"workspace {it.id} {it.made_as} {it.made_at:.3f}..{it.gone_at:.3f} {[(b.number, b.transition.value) for b in it.builds]}"
        for it in history.made
    ]
    lines += ["", *(check(history) or ["no violations"])]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
