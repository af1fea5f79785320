"""A storm over a platform of folders and processes, whose record is the file system: what lies below its root, and the stones of what was deleted.

`PYTHONPATH=.:adapters python -m tests.crash.folders --seconds N [--seed S]`
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random, SystemRandom
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import ChatWorkspaceError
from chatworkspace._domain import names
from chatworkspace.ports import NotFoundError, Store
from chatworkspace_fake import NEVER
from chatworkspace_local._records import Record, record_of
from tests.adapters.local.worlds import Home, deadline, home
from tests.crash.checker import NUMBERS
from tests.crash.databases import Files
from tests.crash.processes import Nursery, Worker
from tests.crash.stores import opened
from tests.crash.storm import KILL, LIFE, SPEED, Outcome
from tests.crash.worker import Settings
from tests.hanging import TIMES

DELETE = 0.5
"""Real seconds between two deletions by users."""


@attrs.frozen(kw_only=True)
class Made:
    """A workspace, as the disk tells of it."""

    id: UUID
    name: str
    made_at: float
    """Seconds since 1970."""
    gone_at: float = NEVER


def made_below(root: Path) -> list[Made]:
    """Return all that were ever made below a root. One that has a folder is there, whatever a stone says."""
    gone = (_of(json.loads(path.read_text())) for path in root.glob("deleted/*/*.json"))
    there = (_of({"record": json.loads(path.read_text())}) for path in root.glob("workspaces/*/*/record.json"))
    return list({it.id: it for it in (*gone, *there)}.values())


def _of(says: Mapping[str, Any]) -> Made:
    record: Record = record_of(says["record"])
    return Made(id=record.id, name=record.name, made_at=record.created_at, gone_at=says.get("deleted_at", NEVER))


def beside_another(made: Sequence[Made]) -> Iterator[str]:
    """Tell of each that was made while another of the same chat was there. made: those of one chat."""
    for one in made:
        for other in made:
            if one.id != other.id and other.made_at <= one.made_at < other.gone_at:
                yield f"{one.name} was made beside {other.name}"


class Storm:
    """One storm of processes that give chats workspaces, are killed and replaced, while users delete what they see. Run once, by one thread."""

    def __init__(self, store: str, here: Home, *, chats: int, processes: int, threads: int, seconds: float, seed: int) -> None:
        self._here = here
        self._settings = Settings(store=store, coder=f"local:{here.root}", token="", speed=SPEED)
        self._chats = [f"c{number:02}" for number in range(chats)]
        self._processes, self._threads, self._seconds, self._seed = processes, threads, seconds, seed
        self._chance = Random(seed)
        self._template = str(here.named("empty").id)
        self._told: list[Mapping[str, Any]] = []
        self._counts: Counter[str] = Counter()

    def run(self) -> Outcome:
        """Let it rage; then every chat's next call has to find or make one, and the disk is looked through."""
        with Nursery() as self._nursery:
            owner = {"owner_id": str(self._here.platform.owner_id), "organization_id": str(self._here.platform.organization_id)}
            first = self._start()
            for chat_id in self._chats:
                first.ask("open_chat", chat_id, **owner)
            first.kill()
            self._rage()
            self._nursery.kill_all()
            time.sleep(LIFE + 0.5)
            last = self._start()
            wrong = [f"{chat_id}, afterwards: {it}" for chat_id in self._chats if not (it := last.ask("create", chat_id, self._template))["ready"]]
        with opened(self._settings.store) as store:
            wrong += self._compared(store)
        self._counts["told ready"] = sum(it["told"]["ready"] for it in self._told)
        return Outcome(seed=self._seed, chats=len(self._chats), counts=dict(self._counts), wrong=wrong)

    def _start(self) -> Worker:
        return self._nursery.start(self._settings, heard=self._told.append)

    def _working(self) -> Worker:
        worker, seed = self._start(), self._chance.getrandbits(32)
        worker.order("work", chats=self._chats, templates=[self._template], threads=self._threads, seed=seed, until_ready=True)
        return worker

    def _rage(self) -> None:
        workers = [self._working() for _ in range(self._processes)]
        began, acts = time.monotonic(), 0
        while (now := time.monotonic() - began) < self._seconds or not self._enough(now):
            time.sleep(KILL)
            number = self._chance.randrange(self._processes)
            workers[number].kill()
            workers[number] = self._working()
            self._counts["kills"] += 1
            acts += 1
            if acts % round(DELETE / KILL) == 0:
                self._delete()

    def _enough(self, seconds: float) -> bool:
        """Tell whether there was a storm at all; it ends some time in any case."""
        return seconds > TIMES * self._seconds or (self._counts["deleted"] > 0 and any(it["told"]["ready"] for it in list(self._told)))

    def _delete(self) -> None:
        """Delete one, as a user does."""
        platform = self._here.platform
        live = platform.list_workspaces(platform.owner_id, platform.organization_id, deadline=deadline())
        if live:
            with suppress(ChatWorkspaceError, NotFoundError):
                platform.delete_workspace(self._chance.choice(live), deadline=deadline())
                self._counts["deleted"] += 1

    def _compared(self, store: Store) -> list[str]:
        looks, secret = {it.chat.id: it for it in store.chats(limit=1000)}, store.secret()
        marks = {names.mark_of(secret, chat_id, n): chat_id for chat_id, look in looks.items() for n in range(look.number + NUMBERS)}
        made, by_chat = made_below(self._here.root), defaultdict[str, list[Made]](list)
        for it in made:
            by_chat[marks.get(it.name.lower()[-names.MARK_LENGTH :], "")].append(it)
        lost = [f"{it.name} leads to no chat" for it in by_chat.pop("", [])]
        twice = [it for each in by_chat.values() for it in beside_another(each)]
        bound = {look.chat.workspace_id for look in looks.values()}
        orphans = [f"{it.name} is there, and bound to no chat" for it in made if it.gone_at == NEVER and it.id not in bound]
        odd = [f"{it['chat']}: {it['told']['message']}" for it in self._told if it["told"].get("reason") == "unexpected"]
        self._counts.update({"made": len(made), "duplicates": len(twice), "orphans": len(orphans)})
        return [*lost, *twice, *orphans, *odd]


def storm(*, chats: int, processes: int, threads: int, seconds: float, seed: int) -> Outcome:
    """Let one rage over a root of its own, of which nothing is left."""
    here = home()
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = Files(Path(folder)).fresh()
            return Storm(store, here, chats=chats, processes=processes, threads=threads, seconds=seconds, seed=seed).run()
    finally:
        here.end()


def main() -> int:
    """Run one. 1: something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.folders")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 31))
    options = parser.parse_args()
    outcome = storm(chats=50, processes=8, threads=8, seconds=options.seconds, seed=options.seed)
    sys.stdout.write(f"{outcome}\n")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
