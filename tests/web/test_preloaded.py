"""What was opened before a server forked its workers: begun anew in each, or refused; in no case do two of them read from one socket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_fake import Simulation
from chatworkspace_simulator import CoderSimulator
from tests.adapters.postgres.server import Database
from tests.web.site import serving

REQUESTS = 40


def _answers(simulator: CoderSimulator, store: str, kind: str) -> list[Any]:
    """Return what two workers say to forty who ask at once."""
    with (
        serving("gunicorn, preloaded ports", simulator, store, PRELOADED=kind) as site,
        ThreadPoolExecutor(REQUESTS) as clients,
    ):
        asked = [clients.submit(site.ask, "GET", f"/dev-{number}") for number in range(REQUESTS)]
        return [it.result()[1] for it in asked]


def _check(answers: list[Any]) -> None:
    """See that each was told what it has asked for."""
    assert [it.get("told") for it in answers] == [f"dev-{number}" for number in range(REQUESTS)]
    assert len({it["shared"] for it in answers}) == 1


def test_sqlite_begins_anew(simulator: CoderSimulator, tmp_path: Path) -> None:
    """Each worker opens the file for itself."""
    _check(_answers(simulator, str(tmp_path / "chats.db"), "sqlite"))


def test_http_begins_anew(simulator: CoderSimulator, tmp_path: Path) -> None:
    """Each worker makes connections of its own."""
    docker = simulator.coder.add_template("quick")
    for number in range(REQUESTS):
        simulator.coder.add_workspace(docker, f"dev-{number}", owner_id=Simulation().owner_id)
    _check(_answers(simulator, str(tmp_path), "http"))


def test_a_store_that_makes_connections_begins_anew(simulator: CoderSimulator, database: Database) -> None:
    """It was used before the fork, and held nothing over it."""
    _check(_answers(simulator, database.app, "connections"))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system does not list what a process has open")
def test_a_pool_that_was_opened_before_the_fork_is_refused(simulator: CoderSimulator, database: Database) -> None:
    """Nobody is told of another's chat, each error names the cure, and nothing was written."""
    answers = _answers(simulator, database.app, "pool")
    assert all("before a fork" in it.get("error", "") for it in answers), answers
    assert all("in each process after the fork" in it["error"] for it in answers)
    assert database.execute("SELECT count(*) FROM chatworkspace.chat") == [(0,)]
