"""Random worlds: a few processes over one store and one platform, each thread with a script, faults, kills, pauses, and a user who interferes.

`PYTHONPATH=.:adapters python -m tests.worlds.world SEED` replays one: its story, what every caller was told, and what is wrong with it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from random import Random
from threading import RLock, get_ident
from typing import Any, TypeVar
from uuid import UUID

import attrs

from chatworkspace import Chat, ChatWorkspaceError, InvalidArgumentError, Outcome, RefusedError, Template, Workspace
from chatworkspace._application.mutex import ChatMutex, Waiting
from chatworkspace._application.sweeping import LOST_NUMBERS, STANDING
from chatworkspace._domain import names
from chatworkspace.model import Agent
from chatworkspace.ports import AgentConnection, AgentDialer, Claim, Clock, CreateWorkspace, Look, NotAnsweredError, Plan, WorkspaceCreator
from chatworkspace_fake import Fails, FakeCoder, FakeStore, MemoryStore, Process, Simulation
from chatworkspace_fake._platform.states import Duration
from chatworkspace_fake._simulation.registry import registry
from tests.worlds.histories import Asked, BuildMade, Deed, Dialled, History, Left, Made, Observed, Pause, Row, Told, Written

T = TypeVar("T")

QUIET = 200.0
"""Seconds after the last call: beyond every claim, every request that arrives late, and whatever the user does."""
WAITING = frozenset({"store.wait_for_turn", "watch.next"})
"""Port calls that wait; all others end by limits of their own."""
BACK_OFF = 1.0


class Chance:
    """What a world draws from its seed, by the two methods of Random that give the same on every interpreter."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def below(self, number: int) -> int:
        """Return a number from 0 on, below that."""
        return int(self._random.random() * number)

    def happens(self, likelihood: float) -> bool:
        """Tell whether it does."""
        return self._random.random() < likelihood

    def share(self) -> float:
        """Return a share of one."""
        return self._random.random()

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of them."""
        return choices[self.below(len(choices))]

    def name(self) -> str:
        """Return a name."""
        return f"{self._random.getrandbits(40):010x}"


# ------------------------------------------------------------------ what writes it all down


class Book:
    """What the doubles below note. `lock`: what is accepted is noted in its order, where threads do not take turns."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.seq = 0
        self.asked: list[Asked] = []
        self.written: list[Written] = []
        self.observed: list[Observed] = []
        self.dialled: list[Dialled] = []
        self.found_none: dict[int, list[int]] = {}
        self.chats: dict[int, str] = {}
        self._callers: dict[int, int] = {}
        self._holders: dict[str, int] = {}

    def begin(self, chat_id: str) -> int:
        """Return the number of a call that the current thread begins."""
        with self.lock:
            caller = len(self.chats)
            self.chats[caller] = chat_id
        self._callers[get_ident()] = caller
        return caller

    @property
    def caller(self) -> int:
        """The call that the current thread is in; -1: none."""
        return self._callers.get(get_ident(), -1)

    def next(self) -> int:
        """Return the next number of all that happens."""
        with self.lock:
            self.seq += 1
            return self.seq

    def claims(self, token: str) -> None:
        """Note who asks for a claim."""
        self._holders[token] = self.caller

    def holder(self, token: str) -> int:
        """Return who took the claim of this token."""
        return self._holders.get(token, -1)


class _Ledger(MemoryStore):
    """Notes what is accepted, underneath the faults: answers may get lost, and writes arrive late."""

    book: Book
    claims: bool

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Note it once it is accepted."""
        with self.book.lock:
            before = self._chat(look.chat.id)
            claim = super().claim(look, token=token, ttl=ttl if self.claims else 0.0, plan=plan, keep=keep)
            self._note("claim", claim, before, plan=plan)
            return claim

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Note it once it is accepted."""
        with self.book.lock:
            before = self._chat(claim.chat.id)
            chat = super().bind(claim, workspace_id)
            self._note("bind", claim, before)
            return chat

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Note it once it is accepted."""
        with self.book.lock:
            before = self._chat(claim.chat.id)
            chat = super().attach(claim, workspace_id, number=number, note=note)
            if chat != before:  # else it is the same write again
                self._note("attach", claim, before, note=note)
            return chat

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        """Note it if it is not ignored."""
        with self.book.lock:
            accepted = self._holds(claim)
            before = self._chat(claim.chat.id)
            super().release(claim, note=note, drop_plan=drop_plan, back=back)
            if accepted:
                self._note("release", claim, before, note=note)

    def _holds(self, claim: Claim) -> bool:
        row: Any = self._rows[claim.chat.id]
        return bool(row.held_by(claim) and not row.written)

    def _chat(self, chat_id: str) -> Chat:
        return MemoryStore.look(self, chat_id).chat

    def _note(self, call: str, claim: Claim, before: Chat, *, plan: Plan | None = None, note: str = "") -> None:
        chat = self._chat(claim.chat.id)
        self.book.written.append(
            Written(
                seq=self.book.next(),
                at=self._now(),
                call=call,
                caller=self.book.holder(claim.token),
                chat_id=chat.id,
                epoch=claim.epoch,
                token=claim.token,
                generation=chat.generation,
                before=before.workspace_id,
                after=chat.workspace_id,
                plan=plan,
                note=note,
            )
        )


class WorldStore(FakeStore, _Ledger):
    """A FakeStore that keeps a ledger. claims=False: a claim keeps nobody out, for it is over at once; only its epoch is counted."""

    def __init__(self, clock: Clock, book: Book, *, claims: bool = True) -> None:
        super().__init__(clock)
        self.book = book
        self.claims = claims

    def look(self, chat_id: str) -> Look:
        """Note what the caller saw."""
        look = super().look(chat_id)
        self._observe(look.chat, look.claimed_for)
        return look

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Note what the caller saw."""
        self.book.claims(token)
        claim = super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)
        self._observe(claim.chat)
        return claim

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Note what the caller saw."""
        return self._observe(super().bind(claim, workspace_id))

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Note what the caller saw."""
        return self._observe(super().attach(claim, workspace_id, number=number, note=note))

    def _observe(self, chat: Chat, claimed_for: float = 0.0) -> Chat:
        self.book.observed.append(Observed(seq=self.book.next(), at=self._now(), caller=self.book.caller, chat=chat, claimed_for=claimed_for))
        return chat


class Noting(WorkspaceCreator, AgentDialer):
    """Notes what it is asked for. marks=False: every creation gets a name of its own, and nothing is found by name."""

    def begin(self, clock: Clock, book: Book, *, marks: bool, chance: Chance) -> None:
        """Begin to note."""
        self.book = book
        self.marks = marks
        self._now = clock.monotonic
        self._chance_of_names = chance

    @property
    def _port(self) -> Any:
        """What is asked once it was noted."""
        return super()

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Note the request."""
        if not self.marks:
            request = attrs.evolve(request, name=f"ws-{self._chance_of_names.name()}")
        self._ask("create", name=request.name)
        made: Workspace = self._port.create_workspace(request, deadline=deadline)
        return made

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """Note that there was none."""
        found: Workspace | None = self._port.find_workspace(owner_id, name, deadline=deadline) if self.marks else None
        if found is None:
            self.book.found_none.setdefault(self.book.caller, []).append(self.book.next())
        return found

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        """Note the request."""
        self._ask("start", workspace_id=workspace.id)
        asked: Workspace = self._port.start_workspace(workspace, parameters, deadline=deadline)
        return asked

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Note the request."""
        self._ask("stop", workspace_id=workspace.id)
        asked: Workspace = self._port.stop_workspace(workspace, deadline=deadline)
        return asked

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Note the request."""
        self._ask("delete", workspace_id=workspace.id)
        asked: Workspace = self._port.delete_workspace(workspace, deadline=deadline)
        return asked

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Note that it worked."""
        connection: AbstractContextManager[AgentConnection] = self._port.dial(workspace, agent, deadline=deadline)
        book = self.book
        book.dialled.append(Dialled(seq=book.next(), at=self._now(), caller=book.caller, workspace_id=workspace.id, agent_id=agent.id))
        return connection

    def _ask(self, kind: str, *, name: str = "", workspace_id: UUID | None = None) -> None:
        book, caller = self.book, self.book.caller
        chat_id = book.chats.get(caller, "")
        book.asked.append(Asked(seq=book.next(), at=self._now(), caller=caller, chat_id=chat_id, kind=kind, name=name, workspace_id=workspace_id))


class WorldCoder(Noting, FakeCoder):
    """A FakeCoder that notes what it is asked for."""

    def __init__(self, clock: Clock, book: Book, *, watching: bool, marks: bool = True, chance: Chance) -> None:
        super().__init__(clock, watching=watching)
        self.begin(clock, book, marks=marks, chance=chance)


class Everybody(ChatMutex):
    """A mutex that admits everybody."""

    def acquire(self, chat_id: str, call: Waiting, deadline: float | None) -> bool:
        """Say yes."""
        del chat_id, call, deadline
        return True

    def release(self, chat_id: str) -> None:
        """Do nothing: it is not held."""
        del chat_id


# ------------------------------------------------------------------ what happens in a world

KINDS = ("create",) * 6 + ("replace",) * 2 + ("start", "stop") * 2 + ("status",) * 2 + ("attach", "detach", "follow", "sweep")
WAITS = (None, None, None, 0.0, 5.0, 40.0)
PAUSES = (0.0, 0.0, 0.0, 0.5, 10.0, 35.0)
MOMENTS = (
    *("store.look", "store.claim", "store.claim", "store.bind", "store.bind", "store.release", "store.attach", "store.record_stray"),
    *("coder.get_template", "coder.create_workspace", "coder.create_workspace", "coder.find_workspace", "coder.get_workspace"),
    *("coder.start_workspace", "coder.stop_workspace", "coder.dial", "watch.next"),
)
MANY = 30
"""More creations than any world has."""
CHANGES = ("create_workspace", "create_workspace", "create_workspace", "start_workspace", "stop_workspace")
READS = ("find_workspace", "get_workspace", "get_template", "watch", "dial", "list_workspaces")
STORED = ("claim", "claim", "bind", "bind", "look", "release", "attach")
DEEDS = ("delete", "delete", "delete", "stop", "start", "cancel", "drop_agent", "hide")


@attrs.frozen(kw_only=True)
class Action:
    """One call of a script."""

    kind: str
    after: float
    chat_id: str
    template: int
    wish: str
    wait: float | None
    share: float
    """Chooses the workspace to attach."""


class World:
    """One random world, made from its seed and run once."""

    simulation: Callable[..., Any] = Simulation
    """Makes what it happens in."""

    def __init__(self, seed: int, *, claims: bool = True, mutex: bool = True, marks: bool = True) -> None:
        self.seed = seed
        self.chance = chance = Chance(seed)
        self.book = Book()
        self.told: dict[int, Told] = {}
        self.deeds: list[Deed] = []
        self.own: set[UUID] = set()
        self.mutex = mutex
        self.actors: dict[int, tuple[str, int, int]] = {}
        watching = chance.happens(0.9)
        self.sim = self.simulation(
            seed,
            store=partial(WorldStore, book=self.book, claims=claims),
            coder=partial(WorldCoder, book=self.book, watching=watching, marks=marks, chance=Chance(seed)),
        )
        registry.let_go(self.sim)  # a fault may strike in a random world, or may not
        self._draw_templates(watching=watching)
        self.chats = ("chat-1", "chat-2") if chance.happens(0.15) else ("chat-1",)
        self.processes = [self.sim.process(f"p{number}") for number in range(1, 1 + chance.pick((1, 2, 2, 3, 3, 4)))]
        self.scripts = [(process, self._draw_script()) for process in self.processes for _ in range(chance.pick((1, 1, 1, 2, 2, 3, 4)))]
        self.stubborn = chance.happens(0.5)
        self._draw_faults()
        self._draw_blows()
        self._draw_deeds()

    # -------------------------------------------------------------- drawing

    def _draw_templates(self, *, watching: bool) -> None:
        chance, sim = self.chance, self.sim
        lengths: tuple[int, ...] = (0, 0, 3, 20, 45) if watching else (0, 0, 2)
        build = chance.pick(lengths)
        builds: list[Duration] = [Fails(build), build] if chance.happens(0.15) else [build]
        sim.coder.add_template("alpha", build=builds, stop=chance.pick((0, 0, 2, 12)), connect=chance.pick((0, 0, 1)), scripts=chance.pick((0, 0, 3)))
        sim.coder.add_template("beta", build=chance.pick(lengths), delete=chance.pick((0, 4)), log=("one", "two"))
        if chance.happens(0.2):
            sim.coder.answer_conflicts(500)
        self.templates: list[Template] = list(sim.coder.list_templates(sim.owner_id, sim.organization_id, deadline=0))

    def _draw_script(self) -> list[Action]:
        chance = self.chance
        racing = chance.happens(0.6)
        first = self._draw_action("create", 0.0) if racing else self._draw_action(chance.pick(KINDS), chance.pick(PAUSES))
        return [first, *(self._draw_action(chance.pick(KINDS), chance.pick(PAUSES)) for _ in range(chance.pick((0, 0, 0, 1, 2))))]

    def _draw_action(self, kind: str, after: float) -> Action:
        chance = self.chance
        return Action(
            kind=kind,
            after=after,
            chat_id=chance.pick(self.chats),
            template=int(chance.happens(0.25)),
            wish="work" if chance.happens(0.2) else "",
            wait=chance.pick((5.0, 20.0)) if kind == "follow" else chance.pick(WAITS),
            share=chance.share(),
        )

    def _draw_faults(self) -> None:
        chance = self.chance
        for _ in range(chance.pick((0, 1, 1, 2, 3))):
            nth, times = 1 + chance.below(3), chance.pick((1, 1, 1, 2))
            where = chance.below(4)
            coder: Any = self.sim.coder.when
            store: Any = self.sim.store.when
            if where < 2:
                self._arm_change(coder(chance.pick(CHANGES), nth=nth, times=times))
            elif where == 2:
                call = chance.pick(READS)
                self._arm_read(coder(call, nth=nth, times=times), lost=call != "watch")
            else:
                self._arm_store(store(chance.pick(STORED), nth=nth, times=times))
        if chance.happens(0.7):  # behind the others, for the first that was armed strikes
            self.sim.coder.when("create_workspace", times=MANY).take(chance.pick((0.5, 1.0, 3.0)))

    def _arm_change(self, fault: Any) -> None:
        chance = self.chance
        arms: tuple[Callable[[], object], ...] = (
            fault.lose_request,
            fault.lose_answer,
            fault.lose_answer,
            lambda: fault.arrive_late(chance.pick((1, 20, 60))),
            lambda: fault.arrive_late(chance.pick((1, 20, 60))),
            fault.roll_back,
            lambda: fault.take(chance.pick((2, 20, 40))),
            fault.refuse,
            lambda: fault.refuse(409, validations={"name": "taken"}),
            fault.fail,
            lambda: fault.fail(NotAnsweredError("500", in_flight=False)),
        )
        chance.pick(arms)()

    def _arm_read(self, fault: Any, *, lost: bool) -> None:
        """Arm a fault of a read; lost: its answer may get lost: a watch whose opener never heard of it stays open."""
        chance = self.chance
        arms: tuple[Callable[[], object], ...] = (fault.fail, fault.lose_answer, lambda: fault.take(chance.pick((1, 4, 20))))
        chance.pick(arms if lost else arms[:1])()

    def _arm_store(self, fault: Any) -> None:
        chance = self.chance
        arms: tuple[Callable[[], object], ...] = (
            fault.fail,
            fault.lose_answer,
            fault.lose_answer,
            fault.lose_request,
            lambda: fault.take(chance.pick((1, 4, 8))),
            lambda: fault.arrive_late(chance.pick((1, 10, 40))),
        )
        chance.pick(arms)()

    def _draw_blows(self) -> None:
        chance = self.chance
        for process in self.processes:
            if not chance.happens(0.4):
                continue
            where = {chance.pick(("before", "after")): chance.pick(MOMENTS)}
            seconds = 0.0 if chance.happens(0.5) else 40 + 60 * chance.share()
            if chance.happens(0.2):
                self.sim.at(30 * chance.share(), process.kill if not seconds else partial(process.pause, seconds))
            elif seconds:
                process.pause(seconds, **where)
            else:
                process.kill(**where)

    def _draw_deeds(self) -> None:
        chance = self.chance
        for _ in range(chance.pick((0, 0, 1, 1, 2))):
            kind, share, at = chance.pick(DEEDS), chance.share(), chance.pick((0.5, 5.0, 30.0, 70.0)) * chance.share()
            self.sim.at(at, partial(self._do, kind, share))
        if chance.happens(0.3):
            own = self.sim.coder.add_workspace(chance.pick(self.templates), owner_id=self.sim.owner_id)
            self.own.add(own.id)

    def _do(self, kind: str, share: float) -> None:
        """Interfere, as the user does."""
        live = self.sim.coder.live
        if not live:
            return
        workspace = live[int(share * len(live))]
        try:
            getattr(workspace, kind)()
        except (RefusedError, InvalidArgumentError):
            return
        self.deeds.append(Deed(kind=kind, at=self.sim.elapsed, workspace_id=workspace.id))

    # -------------------------------------------------------------- running

    def run(self) -> History:
        """Run it to its end, let faults end and quiet come, and see what is left."""
        sim = self.sim
        for process in self.processes:
            self._begin(process)
        for chat_id in self.chats:
            sim.store.open_chat(chat_id, sim.owner_id, sim.organization_id)
        sim.run(*[partial(self._play, process, script) for process, script in self.scripts])
        self._calm_down()
        last = sim.process("last")
        self._begin(last)
        if self.chance.happens(0.3):
            sim.sleep(STANDING)
            last.workspaces.sweep()
        for chat_id in self.chats:
            for kind in ("create", "status"):
                self._call(last, Action(kind=kind, after=0, chat_id=chat_id, template=0, wish="", wait=None, share=0), last=True)
        sim.sleep(STANDING)
        self._call(last, Action(kind="sweep", after=0, chat_id=self.chats[0], template=0, wish="", wait=None, share=0), last=True)
        return self._history(last)

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
            wait=action.wait,
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
        if action.kind == "follow":
            progress = tuple(process.workspaces.follow(action.chat_id, wait=action.wait))
            return {"progress": progress, "outcome": progress[-1].outcome if progress else None}
        return {"outcome": self._outcome(process, action)}

    def _outcome(self, process: Process, action: Action) -> Outcome:
        service, chat_id, wait = process.workspaces, action.chat_id, action.wait
        template = self.templates[action.template]
        match action.kind:
            case "start":
                return service.start(chat_id, wait=wait)
            case "stop":
                return service.stop(chat_id, wait=wait)
            case "attach":
                known = self.sim.coder.workspaces
                chosen = known[int(action.share * len(known))].id if known else UUID(int=1)
                return service.attach(chat_id, chosen, wait=wait)
            case "detach":
                return service.detach(chat_id, wait=wait)
            case "status":
                return service.status(chat_id, wait=600 if wait is None else wait)
            case _:
                return service.create(chat_id, template.id, name=action.wish, replace=action.kind == "replace", wait=wait)

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
            deeds=tuple(self.deeds),
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
                Made(id=it.id, made_as=it.made_as, name=it.name, made_at=it.made_at, gone_at=it.gone_at, own=it.id in self.own, builds=builds)
            )
        return made

    def _row(self, chat_id: str) -> Row:
        look, store = self._look(chat_id), self.sim.store
        secret = store.secret()
        marks = tuple(names.mark_of(secret, chat_id, number) for number in range(look.number + LOST_NUMBERS))
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
