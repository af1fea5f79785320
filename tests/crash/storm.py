"""Many processes with many threads, killed and replaced all the time, while requests are lost, late or refused, and users delete what they see.

`PYTHONPATH=.:adapters python -m tests.crash.storm --minutes N [--seed S] [--store sqlite|postgres|pgbouncer] [--no-claim] [--model]`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random, SystemRandom
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Reason, RefusedError, State
from chatworkspace_fake import NEVER
from chatworkspace_fake._platform.faults import Fault
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._http.mishaps import WireFault
from tests.crash.checker import accounted_for, one_live, problems, record
from tests.crash.databases import Database, Files, database
from tests.crash.deeds import ASKED, ENDING
from tests.crash.model import ModelStore
from tests.crash.processes import Nursery, Worker
from tests.crash.stores import opened
from tests.crash.worker import Settings
from tests.hanging import TIMES

SPEED = 10.0
"""Seconds of the library that pass in one, so that a claim lives for 3 s."""
LIFE = 30.0 / SPEED
"""Real seconds."""
LATE = 15.0
"""Seconds of the platform, after which late requests are acted upon."""
PER_MINUTE = 100_000
"""Requests to one path that the platform takes, and tells in each answer: more than a storm sends."""
KILL, SAY = 0.2, 1.0
"""Real seconds between two of them."""
STOPPED = 0.25
"""Share of those that are killed which stand still instead, beyond their claims, and go on for a moment before they are killed."""
STILL, MOMENT = 1.25 * LIFE, 1.0
"""Real seconds."""
OWN = 3
"""Workspaces of the user's own making that are there at any time, for chats to have."""
RESTARTS = 2
"""Of the database's server, a third of the time apart."""
PROCESSES, THREADS = 8, 8
CHATS = {1: 0.5, 50: 0.1}
"""Chats of a storm -> real seconds between two deletions by their users."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What a storm came to."""

    seed: int
    chats: int
    counts: Mapping[str, int]
    wrong: Sequence[str]
    """What must not be; empty where it is counted instead."""


def arm(simulator: CoderSimulator, seed: int) -> list[Fault | WireFault]:
    """Let 10 % of all requests get lost (before or after they are acted upon), arrive late, or be refused, on the wire or by the platform."""
    chances = {"lose_request": 0.03, "lose_answer": 0.03, "arrive_late": 0.02, "proxy_page": 0.03}
    wire = {what: simulator.when("* /*", chance=chance, seed=seed + number) for number, (what, chance) in enumerate(chances.items())}
    wire["lose_request"].lose_request()
    wire["lose_answer"].lose_answer()
    wire["arrive_late"].arrive_late(LATE)
    wire["proxy_page"].proxy_page(503)
    refused = simulator.coder.when("create_workspace", chance=0.02, seed=seed)
    refused.refuse(403, "not now")
    return [*wire.values(), refused]


class Storm:
    """One storm. Run once, by one thread."""

    def __init__(
        self,
        database: Database,
        *,
        chats: int,
        seconds: float,
        seed: int,
        claims: bool = True,
        model: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._seed = seed
        self._claims = claims
        self._model = model
        self._say = say
        self._chance = Random(seed)
        self._chats = [f"c{number:02}" for number in range(chats)]
        self._told: list[Mapping[str, Any]] = []
        self._deleted: set[UUID] = set()
        self._counts: Counter[str] = Counter()
        self._own: set[UUID] = set()
        """Made by the user."""
        self._workers: list[Worker] = []
        self._later: list[tuple[float, Callable[[], None]]] = []
        """What becomes of those that stand still, and when."""

    def run(self) -> Outcome:
        """Let it rage; then look at what is left."""
        with CoderSimulator(speed=SPEED, requests_per_minute=PER_MINUTE) as simulator, Nursery() as nursery:
            self._simulator, self._nursery = simulator, nursery
            self._docker, other = (simulator.coder.add_template(name, build=build) for name, build in (("docker", 2), ("other", 6)))
            self._templates = [str(it.id) for it in (self._docker, other)]
            self._settings = Settings(
                store=self._database.fresh(),
                coder=simulator.url,
                token=simulator.token,
                speed=SPEED,
                claims=self._claims,
                model=self._model,
                nested=True,
            )
            self._open_chats()
            faults = arm(simulator, self._seed)
            self._rage()
            self._nursery.kill_all()
            for fault in faults:
                fault.disarm()
            wrong = self._compare() if self._model else self._left_over()
            statuses = [request.status for request in simulator.requests]
        told = Counter(it["told"].get("error") or it["told"].get("reason", "swept") for it in self._told)
        self._counts.update({f"told {name}": number for name, number in told.items()})
        self._counts.update({"requests": len(statuses), "unanswered": statuses.count(0), "told ready": sum(it["told"]["ready"] for it in self._told)})
        return Outcome(seed=self._seed, chats=len(self._chats), counts=dict(self._counts), wrong=wrong)

    def _open_chats(self) -> None:
        if self._model:
            return
        worker = self._start()
        for chat_id in self._chats:
            worker.ask("open_chat", chat_id, owner_id=str(OWNER), organization_id=str(ORGANIZATION))
        worker.kill()

    # ------------------------------------------------------------ while it rages

    def _rage(self) -> None:
        self._workers = [self._working() for _ in range(PROCESSES)]
        began, every, say = time.monotonic(), CHATS[len(self._chats)], max(SAY, self._seconds / 60)
        acts: list[tuple[float, float, Callable[[], None]]] = [
            (KILL, KILL, self._kill),
            (every, every, self._delete),
            (say, say, self._say_counts),
            (self._seconds / 3, self._seconds / 3, self._restart),
        ]
        while (now := time.monotonic() - began) < self._seconds or not self._enough(now):
            due, again, act = min(acts, key=lambda it: it[0])
            time.sleep(max(due - now, 0.0))
            act()
            acts[acts.index((due, again, act))] = (max(due + again, now), again, act)

    def _enough(self, seconds: float) -> bool:
        """Tell whether there was a storm at all, which takes longer on a machine that does other things; it ends some time in any case."""
        counts, made = self._counts, len(self._simulator.coder.workspaces) - len(self._own)
        return seconds > TIMES * self._seconds or (
            counts["kills"] + counts["stops"] >= least_kills(self._seconds)
            and (self._database.one_lock or counts["stops"] > 0)
            and made > len(self._chats)
            and sum(it["told"]["ready"] for it in self._told) > len(self._chats)
            and any(request.status == 0 for request in self._simulator.requests)
            and (self._model or any(it["told"].get("reason") == Reason.DELETED.value for it in list(self._told)))
        )

    def _working(self) -> Worker:
        worker = self._start()
        work = {"chats": self._chats, "templates": self._templates, "threads": THREADS, "seed": self._chance.getrandbits(32), "until_ready": False}
        worker.order("work", **work, own=[str(it) for it in self._add_own()])
        return worker

    def _add_own(self) -> list[UUID]:
        """Let the user make some in the platform's page, so that there are a few, and return them."""
        coder = self._simulator.coder
        there = [it.id for it in coder.live if it.id in self._own]
        more = range(len(self._own), len(self._own) + OWN - len(there))
        new = [coder.add_workspace(self._docker, f"own-{number}", owner_id=OWNER).id for number in more]
        self._own.update(new)
        return there + new

    def _start(self, **changes: Any) -> Worker:
        return self._nursery.start(attrs.evolve(self._settings, **changes), heard=self._told.append)

    def _kill(self) -> None:
        number, now = self._chance.randrange(PROCESSES), time.monotonic()
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

    def _delete(self) -> None:
        """Delete one, as a user does in the platform's page."""
        live = self._simulator.coder.live
        if live:
            workspace = self._chance.choice(live)
            self._deleted.add(workspace.id)
            with suppress(RefusedError):
                workspace.delete()
                self._counts["deleted"] += 1

    def _restart(self) -> None:
        if self._counts["restarts"] < RESTARTS:
            self._counts["restarts"] += self._database.restart()

    def _say_counts(self) -> None:
        made, calls = len(self._simulator.coder.workspaces), len(self._told)
        self._say(f"{self._counts['kills']} kills, {calls} calls told, {made} made, {self._counts['deleted']} deleted")

    # ------------------------------------------------------------ afterwards

    def _left_over(self) -> list[str]:
        """Wait out the claims and the late requests; sweep; compare the records; then every chat's next call has to find or make one."""
        time.sleep(max(LIFE, LATE / SPEED) + 0.5)
        wrong = self._swept()
        worker = self._start()
        for chat_id in self._chats:
            told = worker.ask("create", chat_id, self._templates[0])
            if told.get("state") == State.STOPPED.value:
                told = worker.ask("start", chat_id)
            self._told.append({"chat": chat_id, "told": told})
            if not told["ready"]:
                wrong.append(f"{chat_id}, afterwards: {told}")
        wrong += self._ended(worker)
        wrong += [f"afterwards, {it}" for it in self._swept()]
        return wrong

    def _ended(self, worker: Worker) -> list[str]:
        """Delete every chat that was to be deleted, once more or for the first time; return those of which there is something left."""
        with opened(self._settings.store) as store:
            ending = [it.chat.id for it in store.chats(limit=100_000) if it.chat.id.startswith(ENDING)]
        told = {chat_id: worker.ask("delete", chat_id) for chat_id in ending}
        self._counts["ended"] = len(ending)
        return [f"{chat_id}, afterwards: {it}" for chat_id, it in told.items() if it.get("state") not in {State.GONE.value, State.ABSENT.value}]

    def _swept(self) -> list[str]:
        swept = self._start(aged=True).swept()
        with opened(self._settings.store) as store:
            found = record(
                self._simulator.coder,
                store,
                told=tuple(self._told),
                strays=swept["strays"],
                asked=Counter(it["chat"] for it in self._told if it["told"].get("reason") == ASKED),
                own=frozenset(self._own),
                deleted=self._deleted,
            )
        ended = {it.id for chat_id, made in found.by_chat().items() if chat_id.startswith(ENDING) for it in made}
        found = attrs.evolve(found, deleted=self._deleted | ended)
        self._counts.update({"settled": len(swept["settled"]), "strays": len(swept["strays"])})
        self._counts["made"] = sum(map(len, found.by_chat().values()))
        self._counts["duplicates"] = len(list(one_live(found)))
        self._counts["orphans"] = len(list(accounted_for(found)))
        self._counts["left behind"] = sum(len(found.given_up(chat_id)) for chat_id in self._chats)
        return problems(found, claims=self._claims) + [f"the sweep could not do {it}" for it in swept["errors"].items()]

    def _compare(self) -> list[str]:
        """Count what the model system did."""
        time.sleep(LATE / SPEED + 0.5)
        by_chat = [[it for it in self._simulator.coder.workspaces if it.made_as.startswith(f"{chat_id}-")] for chat_id in self._chats]
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


def least_kills(seconds: float) -> float:
    """Return how many processes a storm of so many seconds kills or stops at least, or it was none."""
    return seconds / KILL / 4


def storm(
    stores: Database, *, seconds: float, seed: int, claims: bool = True, model: bool = False, say: Callable[[str], None] = lambda _: None
) -> list[Outcome]:
    """Let one rage on one chat and one on 50, for half the time each."""
    each = seconds / len(CHATS)
    return [Storm(stores, chats=chats, seconds=each, seed=seed, claims=claims, model=model, say=say).run() for chats in CHATS]


# ---------------------------------------------------------------- the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one, and the model system's if wanted. 1: something was wrong; or the model system came through, which proves that it was no storm."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.storm", description="Kills processes at random while they give chats workspaces.")
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 31))
    parser.add_argument("--store", choices=("sqlite", "postgres", "pgbouncer"), default="sqlite")
    parser.add_argument("--no-claim", action="store_true", help="claims keep nobody out")
    parser.add_argument("--model", action="store_true", help="then do the same to what does as the model system does")
    options = parser.parse_args(arguments)
    _say(f"seed {options.seed}")
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory() as folder, database(options.store, Path(folder)) as stores:
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
