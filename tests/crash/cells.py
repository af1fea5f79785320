"""Runs one cell of the table: a worker dies at a point of its call, somebody comes next, and what is left is looked at."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Reason, State, Template
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from tests.crash.checker import problems, record
from tests.crash.databases import Database
from tests.crash.points import UNDER_WAY, Cell, Death, First, Next
from tests.crash.processes import LONG, EndedError, Nursery, Told, Worker
from tests.crash.stores import opened
from tests.crash.worker import Settings

SPEED = 5.0
"""Seconds of the library that pass in one, so that a claim lives for 6 s."""
LIFE = 30.0 / SPEED
"""Real seconds."""
BEYOND = 1.25 * LIFE
LATE = 45.0
"""Seconds of the platform, after which a request is acted upon that was sent before anything else."""
MOMENT = 1.0
"""Real seconds, within which the platform acts upon what is due."""
NOBODY = UUID(int=0)
AT_ONCE = 24
"""Cells that are run at a time: they wait, most of the time."""


class Run:
    """One cell. Used by one thread."""

    def __init__(self, cell: Cell, nursery: Nursery, database: Database, simulator: CoderSimulator) -> None:
        self._cell = cell
        self._nursery = nursery
        self._simulator = simulator
        self._store = database.fresh()
        self._settings = Settings(store=self._store, coder=simulator.url, token=simulator.token, speed=SPEED)
        building = cell.point.name in {"C6", "C8"}
        self._template = simulator.coder.add_template("docker", build=15 if building else 1, scripts=15 if building else 0)
        self._other = simulator.coder.add_template("other", build=1)
        self._left: set[UUID] = set()
        self._own: set[UUID] = set()
        self._deleted: set[UUID] = set()
        self._told: list[Mapping[str, Any]] = []
        self._workers: list[Worker] = []

    def __call__(self) -> list[str]:
        """Return what is wrong."""
        try:
            return self._run()
        finally:
            for worker in self._workers:
                worker.kill()

    def _run(self) -> list[str]:
        first = self._start(aged=self._cell.point.first in {First.SETTLE, First.DISCARD})
        first.ask("open_chat", self._cell.chat_id, owner_id=str(OWNER), organization_id=str(ORGANIZATION))
        self._prepare()
        struck_at, answer = self._strike(first)
        following = self._start()
        if self._cell.next is not Next.LATER:
            self._come_next(following)
        time.sleep(max(struck_at + BEYOND - time.monotonic(), 0.0))
        if self._cell.death is Death.STOPPED:
            first.go_on()
            self._note(answer.result(LONG))
        else:
            first.kill()
            assert isinstance(answer.exception(LONG), EndedError)
        if self._deletes:
            self._delete(following)
        else:
            self._create(following)
        if self._cell.point.moment == UNDER_WAY:
            time.sleep(max(struck_at + LATE / SPEED + MOMENT - time.monotonic(), 0.0))  # until it was acted upon
        return self._wrong()

    def _start(self, *, aged: bool = False) -> Worker:
        worker = self._nursery.start(attrs.evolve(self._settings, aged=aged))
        self._workers.append(worker)
        worker.wait_until_up()
        return worker

    # ------------------------------------------------------------ before

    def _prepare(self) -> None:
        first = self._cell.point.first
        if first is First.SETTLE:
            doomed = self._start()
            reached = doomed.arm("before store.bind", "kill")
            doomed.order("create", self._cell.chat_id, str(self._template.id))
            assert reached.wait(LONG)
            doomed.kill()
            time.sleep(LIFE)
        elif first is not First.CREATE:
            worker = self._start()
            self._create(worker)
            self._left.update(it.id for it in self._simulator.coder.live)
            if first is First.ATTACH:
                self._own.add(self._simulator.coder.add_workspace(self._other, owner_id=OWNER).id)
            elif first is First.DISCARD:
                worker.ask("detach", self._cell.chat_id)
                self._deleted |= self._left
            elif first is First.DELETE:
                self._deleted |= self._left
            worker.kill()

    # ------------------------------------------------------------ the blow

    def _strike(self, worker: Worker) -> tuple[float, Future[Told]]:
        """Have the first worker make its call, and come to its end there; return when, and where its answer will be."""
        point = self._cell.point
        kind = "stop" if self._cell.death is Death.STOPPED or point.woken else "kill"
        if point.moment == UNDER_WAY:
            self._simulator.coder.when("create_workspace").take(LATE)
            answer = self._begin(worker)
            until(lambda: not self._simulator.unstruck())
            if kind == "stop":
                worker.stop()
            else:
                worker.kill()
            return time.monotonic(), answer
        overtaken = worker.arm("before store.bind", "stop") if point.refused else None
        reached = worker.arm(point.moment, kind, lost=point.lost)
        answer = self._begin(worker)
        if overtaken is not None:
            assert overtaken.wait(LONG), f"{point.name}: {answer.result(1)}"
            self._create(self._start())
            worker.go_on()
        ends = time.monotonic() + LONG
        while not reached.wait(0.05):
            if self._deletes and answer.done() and _comes_again(answer.result()):
                answer = self._begin(worker)
            assert time.monotonic() < ends, f"{point.name}: {answer.result(1)}"
        return time.monotonic(), answer

    def _begin(self, worker: Worker) -> Future[Told]:  # noqa: PLR0911 # one arm for each First there is
        chat_id, template_id = self._cell.chat_id, str(self._template.id)
        match self._cell.point.first:
            case First.CREATE:
                return worker.order("create", chat_id, template_id)
            case First.REPLACE:
                return worker.order("create", chat_id, template_id, replace=True)
            case First.ATTACH:
                return worker.order("attach", chat_id, str(next(iter(self._own))))
            case First.DETACH:
                return worker.order("detach", chat_id)
            case First.SETTLE:
                return worker.order("sweep")
            case First.DISCARD:
                return worker.order("sweep", delete=[str(it) for it in self._left])
            case First.DELETE:
                return worker.order("delete", chat_id)

    # ------------------------------------------------------------ after

    @property
    def _deletes(self) -> bool:
        return self._cell.point.first is First.DELETE

    def _come_next(self, worker: Worker) -> None:
        """Call at once, as the second."""
        other = self._cell.next is Next.OTHER
        if not self._deletes:
            self._create(worker, other=other)
        elif not other:
            self._delete(worker)
        else:  # it is told what the chat has, or that it is closed
            told = worker.ask("create", self._cell.chat_id, str(self._other.id), name="wish")
            self._note(told)
            assert told["ready"] or told.get("retryable") or told.get("reason") == Reason.CHAT_CLOSED.value, told

    def _delete(self, worker: Worker) -> None:
        """Call until told gone, which the first call is, unless the machine is too slow for its limits."""
        ends = time.monotonic() + LONG
        while True:
            told = worker.ask("delete", self._cell.chat_id)
            self._note(told)
            if told.get("state") == State.GONE.value:
                return
            assert _comes_again(told), told
            assert time.monotonic() < ends, told

    def _create(self, worker: Worker, *, other: bool = False) -> None:
        """Call until told ready, which the first call is, unless the machine is too slow for its limits."""
        template: Template = self._other if other else self._template
        ends = time.monotonic() + LONG
        while True:
            told = worker.ask("create", self._cell.chat_id, str(template.id), name="wish" if other else "")
            self._note(told)
            if told["ready"]:
                return
            assert told.get("retryable"), told
            assert time.monotonic() < ends, told

    def _note(self, told: Told) -> None:
        if told.get("generation") is not None:
            self._told.append({"chat": self._cell.chat_id, "told": told})
        elif told.get("reason") == "unexpected":
            raise AssertionError(told)

    def _wrong(self) -> list[str]:
        chat_id = self._cell.chat_id
        swept = self._start(aged=True).swept()
        with opened(self._store) as store:
            self._left.discard(store.look(chat_id).chat.workspace_id or NOBODY)  # it was to be left behind, and was not
            found = record(
                self._simulator.coder,
                store,
                told=self._told,
                strays=swept["strays"],
                left=self._left,
                own=self._own,
                deleted=self._deleted,
            )
        wrong = problems(found)
        if swept["errors"]:
            wrong.append(f"the sweep could not do {swept['errors']}")
        bound = found.bound.get(chat_id)
        if self._deletes:
            if bound is not None or found.live or not found.looks[chat_id].chat.closed:
                wrong.append(f"bound to {bound}, {len(found.live)} are live, closed: {found.looks[chat_id].chat.closed}")
            return wrong
        if bound is None or bound not in {it.id for it in self._simulator.coder.live}:
            wrong.append(f"bound to {bound}, which is not live")
        live = [it for it in found.live if it.id not in self._left]
        if len(live) != (0 if bound in self._own else 1):
            wrong.append(f"{len(live)} are live")
        return wrong


def _comes_again(told: Told) -> bool:
    """Tell whether a deletion is to be called again: the machine is too slow for its limits."""
    return bool(told.get("retryable")) or told.get("state") in {State.STOPPING.value, State.UNKNOWN.value}


def until(true: Callable[[], bool]) -> None:
    """Return once it is so."""
    ends = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def run_cell(cell: Cell, nursery: Nursery, database: Database) -> list[str]:
    """Return what is wrong after it. Nothing: one live workspace, bound, and whoever came was told ready; or where it was deleted, told gone."""
    try:
        with CoderSimulator(speed=SPEED, requests_per_minute=None, first_dials="quick") as simulator:
            return Run(cell, nursery, database, simulator)()
    except Exception as error:  # noqa: BLE001 # it is told, and of which cell
        return ["".join(traceback.format_exception(error)[-2:])]


def run_cells(cells: Sequence[Cell], database: Database) -> dict[Cell, list[str]]:
    """Run many at a time, and return what is wrong after each."""
    with Nursery() as nursery, ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {cell: pool.submit(run_cell, cell, nursery, database) for cell in cells}
        return {cell: run.result() for cell, run in runs.items()}
