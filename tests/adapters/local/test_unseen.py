"""What cannot be read is not told gone; and a worker that cannot have its lock leaves its job alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatworkspace import UnavailableError
from chatworkspace.ports import NotFoundError
from chatworkspace_local import LocalPlatform
from chatworkspace_local._worker import main
from chatworkspace_local._worker.files import lock_file, try_lock
from chatworkspace_local._worker.jobs import Job, lock_path
from tests.adapters.local.worlds import Home, deadline


def test_an_unreadable_record_is_not_told_gone(here: Home) -> None:
    """To a process that has not seen it before: another would be made in its place. What is known to be deleted is told so all the same."""
    hidden, other, deleted = here.ready(), here.ready(), here.deleted(here.ready())
    record = here.folder(hidden) / "record.json"
    text = record.read_text()
    record.write_text("damaged")
    fresh = LocalPlatform(here.root)
    with pytest.raises(UnavailableError, match="damaged"):
        fresh.get_workspace(hidden.owner_id, hidden.id, deadline=deadline())
    assert fresh.get_workspace(other.owner_id, other.id, deadline=deadline()).agents
    assert fresh.get_workspace(deleted.owner_id, deleted.id, deadline=deadline()).deleted
    record.write_text(text)
    with pytest.raises(NotFoundError):
        fresh.get_workspace(hidden.owner_id, hidden.organization_id, deadline=deadline())
    assert fresh.get_workspace(hidden.owner_id, hidden.id, deadline=deadline()).agents


def test_a_worker_waits_for_its_lock_within_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds it does this job: nothing is done, and nothing is said."""
    monkeypatch.setattr(main, "PATIENCE", 0.05)
    (tmp_path / "builds").mkdir()
    job = Job(kind="stop", home=str(tmp_path), mark="", number=1)
    held = lock_file(lock_path(job.home, job.number))
    assert try_lock(held)
    main.work(job)
    assert [it.name for it in (tmp_path / "builds").iterdir()] == ["1.lock"]
    os.close(held)
    main.work(job)
    assert {it.name for it in (tmp_path / "builds").iterdir()} == {"1.lock", "1.json"}
