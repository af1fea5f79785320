"""Many processes with many threads, killed and replaced all the time, while whatever else can go wrong does, and users delete what they see.

Over a simulated platform requests are lost, late or refused; over folders of this machine the processes that keep workspaces are killed as well.

`PYTHONPATH=.:adapters python -m tests.crash.storm --minutes N [--seed S] [--store sqlite|postgres|pgbouncer] [--platform simulated|local]
[--no-claim] [--model]`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import attrs

from chatworkspace import Reason, State
from chatworkspace_fake import NEVER
from tests.crash.checker import Record, accounted_for, compared, one_live, problems
from tests.crash.databases import Database, Files, database
from tests.crash.deeds import ASKED, ENDING
from tests.crash.folders import folders
from tests.crash.model import ModelStore
from tests.crash.processes import LONG, Nursery, Told, Worker
from tests.crash.scenes import SPEED, Scene, simulated
from tests.crash.stores import opened
from tests.hanging import TIMES

LIFE = 30.0 / SPEED
"""Real seconds that a claim lives."""
KILL, SAY = 0.2, 1.0
"""Real seconds between two of them."""
STOPPED = 0.25
"""Share of those that are killed which stand still instead, beyond their claims, and go on for a moment before they are killed."""
STILL, MOMENT = 1.25 * LIFE, 1.0
"""Real seconds."""
RESTARTS = 2
"""Of the database's server, a third of the time apart."""
AT_ONCE = 8
"""Chats that are asked for at a time when it is over."""


@attrs.frozen(kw_only=True)
class Size:
    """How large a storm is. delete: real seconds between two deletions by users."""

    chats: int
    delete: float
    processes: int = 8
    threads: int = 8


ONE, MANY = Size(chats=1, delete=0.5), Size(chats=50, delete=0.1)
MANY_LOCAL = attrs.evolve(MANY, delete=0.5)
"""A workspace of this machine takes a process to be deleted, and one to be made."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What a storm came to."""

    seed: int
    chats: int
    counts: Mapping[str, int]
    wrong: Sequence[str]
    """What must not be; empty where it is counted instead."""


class Storm:
    """One storm. Run once, by one thread."""

    def __init__(
        self,
        database: Database,
        scene: Scene,
        size: Size,
        *,
        seconds: float,
        seed: int,
        claims: bool = True,
        model: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._scene = scene
        self._size = size
        self._settings = attrs.evolve(scene.settings, store=database.fresh(), claims=claims, model=model)
        self._seconds = seconds
        self._seed = seed
        self._say = say
        self._chance = Random(seed)
        self._chats = [f"c{number:02}" for number in range(size.chats)]
        self._told: list[Mapping[str, Any]] = []
        self._counts: Counter[str] = Counter()
        self._workers: list[Worker] = []
        self._later: list[tuple[float, Callable[[], None]]] = []
        """What becomes of those that stand still, and when."""

    def run(self) -> Outcome:
        """Let it rage; then look at what is left."""
        with Nursery() as self._nursery:
            self._open_chats()
            self._rage()
            self._nursery.kill_all()
            self._scene.calm()
            wrong = self._compare() if self._settings.model else self._left_over()
        told = Counter(it["told"].get("error") or it["told"].get("reason", "swept") for it in self._told)
        self._counts.update({f"told {name}": number for name, number in told.items()})
        self._counts.update({**self._scene.counts(), "told ready": sum(it["told"]["ready"] for it in self._told)})
        return Outcome(seed=self._seed, chats=len(self._chats), counts=dict(self._counts), wrong=wrong)

    def _open_chats(self) -> None:
        if self._settings.model:
            return
        worker = self._start()
        owner_id, organization_id = self._settings.owner
        for chat_id in self._chats:
            worker.ask("open_chat", chat_id, owner_id=owner_id, organization_id=organization_id)
        worker.kill()

    # ------------------------------------------------------------ while it rages

    def _rage(self) -> None:
        self._workers = [self._working() for _ in range(self._size.processes)]
        began, acts = time.monotonic(), self._acts()
        while (now := time.monotonic() - began) < self._seconds or not self._enough(now):
            due, again, act = min(acts, key=lambda it: it[0])
            time.sleep(max(due - now, 0.0))
            act()
            acts[acts.index((due, again, act))] = (max(due + again, now), again, act)

    def _acts(self) -> list[tuple[float, float, Callable[[], None]]]:
        """Return what is done: when, after how many seconds again, and what."""
        acts: list[tuple[float, Callable[[], None]]] = [
            (KILL, self._kill),
            (self._size.delete, self._counting("deleted", lambda: self._scene.delete(self._chance))),
            (max(SAY, self._seconds / 60), self._say_counts),
            (self._seconds / 3, self._restart),
        ]
        acts += [(every, self._counting(name, act)) for every, name, act in self._scene.acts(self._chance)]
        return [(every, every, act) for every, act in acts]

    def _counting(self, name: str, act: Callable[[], bool]) -> Callable[[], None]:
        def counted() -> None:
            self._counts[name] += act()

        return counted

    def _enough(self, seconds: float) -> bool:
        """Tell whether there was a storm at all, which takes longer on a machine that does other things; it ends some time in any case."""
        counts, made = self._counts, len(self._scene.made()) - len(self._scene.own)
        return seconds > TIMES * self._seconds or (
            counts["kills"] + counts["stops"] >= least_kills(self._seconds)
            and (self._database.one_lock or counts["stops"] > 0)
            and made > len(self._chats)
            and sum(it["told"]["ready"] for it in self._told) > len(self._chats)
            and self._scene.raged()
            and (self._settings.model or any(it["told"].get("reason") == Reason.DELETED.value for it in list(self._told)))
        )

    def _working(self) -> Worker:
        worker = self._start()
        templates, threads, seed = list(self._scene.templates), self._size.threads, self._chance.getrandbits(32)
        own = [str(it) for it in self._scene.add_own()]
        worker.order("work", chats=self._chats, templates=templates, threads=threads, seed=seed, until_ready=False, own=own)
        return worker

    def _start(self, **changes: Any) -> Worker:
        return self._nursery.start(attrs.evolve(self._settings, **changes), heard=self._told.append)

    def _kill(self) -> None:
        number, now = self._chance.randrange(len(self._workers)), time.monotonic()
        worker, self._workers[number] = self._workers[number], self._working()
        if self._chance.random() < STOPPED and not self._database.one_lock:
            worker.stop()
            self._later += [(now + STILL, worker.go_on), (now + STILL + MOMENT, worker.kill)]
            self._counts["stops"] += 1
        else:
            worker.kill()
            self._counts["kills"] += 1
        for due, act in [it for it in self._later if it[0] <= now]:
            self._later.remove((due, act))
            act()

    def _restart(self) -> None:
        if self._counts["restarts"] < RESTARTS:
            self._counts["restarts"] += self._database.restart()

    def _say_counts(self) -> None:
        made, calls = len(self._scene.made()), len(self._told)
        self._say(f"{self._counts['kills']} kills, {calls} calls told, {made} made, {self._counts['deleted']} deleted")

    # ------------------------------------------------------------ afterwards

    def _left_over(self) -> list[str]:
        """Wait out the claims and the late requests; sweep; compare the records; then every chat's next call has to find or make one."""
        time.sleep(max(LIFE, self._scene.late) + 0.5)
        wrong = self._swept()
        worker = self._start()
        told = asked(worker, "create", self._chats, self._scene.templates[0])
        idle = [chat_id for chat_id, it in told.items() if it.get("state") in {State.STOPPED.value, State.FAILED.value}]
        told.update(asked(worker, "start", idle))
        self._told += [{"chat": chat_id, "told": it} for chat_id, it in told.items()]
        wrong += [f"{chat_id}, afterwards: {it}" for chat_id, it in told.items() if not it["ready"]]
        wrong += self._ended(worker)
        wrong += [f"afterwards, {it}" for it in self._swept()]
        return wrong

    def _ended(self, worker: Worker) -> list[str]:
        """Delete every chat that was to be deleted, once more or for the first time; return those of which there is something left."""
        with opened(self._settings.store) as store:
            ending = [it.chat.id for it in store.chats(limit=100_000) if it.chat.id.startswith(ENDING)]
        self._counts["ended"] = len(ending)
        told, over = asked(worker, "delete", ending), {State.GONE.value, State.ABSENT.value}
        return [f"{chat_id}, afterwards: {it}" for chat_id, it in told.items() if it.get("state") not in over]

    def _swept(self) -> list[str]:
        swept = self._start(aged=True).swept()
        found = self._record(swept["strays"])
        self._counts.update({"settled": len(swept["settled"]), "strays": len(swept["strays"])})
        self._counts["made"] = sum(map(len, found.by_chat().values()))
        self._counts["duplicates"] = len(list(one_live(found)))
        self._counts["orphans"] = len(list(accounted_for(found)))
        self._counts["left behind"] = sum(len(found.given_up(chat_id)) for chat_id in self._chats)
        return problems(found, claims=self._settings.claims) + [f"the sweep could not do {it}" for it in swept["errors"].items()]

    def _record(self, strays: Sequence[str]) -> Record:
        """Return what is left, by the platform's record and the store's. What was made for a chat that ends may be deleted."""
        scene = self._scene
        with opened(self._settings.store) as store:
            found = compared(
                scene.made(),
                store,
                failed=scene.failed(),
                told=tuple(self._told),
                strays=strays,
                asked=Counter(it["chat"] for it in self._told if it["told"].get("reason") == ASKED),
                own=frozenset(scene.own),
                deleted=scene.deleted,
            )
        ended = {it.id for chat_id, made in found.by_chat().items() if chat_id.startswith(ENDING) for it in made}
        return attrs.evolve(found, deleted=scene.deleted | ended)

    def _compare(self) -> list[str]:
        """Count what the model system did."""
        time.sleep(self._scene.late + 0.5)
        by_chat = [[it for it in self._scene.made() if it.made_as.startswith(f"{chat_id}-")] for chat_id in self._chats]
        bound = set(ModelStore(self._settings.store).all().values())
        made = [it for workspaces in by_chat for it in workspaces]
        self._counts["made"] = len(made)
        self._counts["duplicates"] = sum(
            any(older.made_at <= it.made_at < older.gone_at for older in workspaces[:number])
            for workspaces in by_chat
            for number, it in enumerate(workspaces)
        )
        self._counts["orphans"] = sum(it.gone_at == NEVER and it.id not in bound for it in made)
        return []


def asked(worker: Worker, do: str, chat_ids: Sequence[str], *of: str, again: int = 5) -> dict[str, Told]:
    """Ask the same of each chat, and return what it came to.

    Whoever is told that somebody else is at it asks again, as often as this: on a machine that does other things claims run out before they are used.
    """
    told = dict[str, Told]()
    for first in range(0, len(chat_ids), AT_ONCE):
        orders = {chat_id: worker.order(do, chat_id, *of) for chat_id in chat_ids[first : first + AT_ONCE]}
        told.update({chat_id: it.result(LONG) for chat_id, it in orders.items()})
    busy = [chat_id for chat_id, it in told.items() if it.get("reason") == Reason.BUSY.value]
    return told | asked(worker, do, busy, *of, again=again - 1) if busy and again else told


def least_kills(seconds: float) -> float:
    """Return how many processes a storm of so many seconds kills or stops at least, or it was none."""
    return seconds / KILL / 4


def storm(
    stores: Database, *, seconds: float, seed: int, claims: bool = True, model: bool = False, say: Callable[[str], None] = lambda _: None
) -> list[Outcome]:
    """Let one rage over a simulated platform on one chat and one on 50, for half the time each."""
    outcomes = list[Outcome]()
    for size in (ONE, MANY):
        with simulated(seed) as scene:
            outcomes.append(Storm(stores, scene, size, seconds=seconds / 2, seed=seed, claims=claims, model=model, say=say).run())
    return outcomes


def local_storm(stores: Database, size: Size, *, seconds: float, seed: int, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Let one rage over folders of this machine."""
    with folders() as scene:
        return Storm(stores, scene, size, seconds=seconds, seed=seed, say=say).run()


# ---------------------------------------------------------------- the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one, and the model system's if wanted. 1: something was wrong; or the model system came through, which proves that it was no storm."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.storm", description="Kills processes at random while they give chats workspaces.")
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 31))
    parser.add_argument("--store", choices=("sqlite", "postgres", "pgbouncer"), default="sqlite")
    parser.add_argument("--platform", choices=("simulated", "local"), default="simulated")
    parser.add_argument("--no-claim", action="store_true", help="claims keep nobody out")
    parser.add_argument("--model", action="store_true", help="then do the same to what does as the model system does")
    options = parser.parse_args(arguments)
    _say(f"seed {options.seed}")
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory() as folder, database(options.store, Path(folder)) as stores:
        if options.platform == "local":
            ours = [local_storm(stores, MANY_LOCAL, seconds=seconds, seed=options.seed, say=_say)]
        else:
            ours = storm(stores, seconds=seconds, seed=options.seed, say=_say, claims=not options.no_claim)
        theirs = storm(Files(Path(folder)), seconds=seconds, seed=options.seed, say=_say, model=True) if options.model else []
    for name, outcomes in (("ours", ours), ("model system", theirs)):
        for outcome in outcomes:
            _say(told(name, outcome))
    wrong = [it for outcome in ours for it in outcome.wrong]
    if theirs and not harmed(theirs):
        wrong.append("the model system came through, so the storm proves nothing")
    for it in wrong:
        _say(f"WRONG: {it}")
    return 1 if wrong else 0


def told(name: str, outcome: Outcome) -> str:
    """Return a storm's outcome in one line."""
    counts = ", ".join(f"{number} {what}" for what, number in sorted(outcome.counts.items()))
    return f"{name}, {outcome.chats} chats, seed {outcome.seed}: {counts}"


def harmed(outcomes: Sequence[Outcome]) -> bool:
    """Tell whether both duplicates and orphans were made."""
    return all(any(outcome.counts[what] for outcome in outcomes) for what in ("duplicates", "orphans"))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
