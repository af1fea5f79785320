"""A short storm over a platform of folders and processes, told by its file system."""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom
from uuid import UUID

from chatworkspace_fake import NEVER
from tests.crash.folders import Made, beside_another, storm

SECONDS = 4.0


def test_a_storm_leaves_one_folder_for_each_chat(record_property: Callable[[str, object], None]) -> None:
    """No chat ever had two at a time, each leads back to its chat and is bound, and then every chat's next call ends with one."""
    outcome = storm(chats=4, processes=3, threads=3, seconds=SECONDS, seed=SystemRandom().randrange(1 << 31))
    record_property("told", f"storm over folders: {outcome}")
    assert list(outcome.wrong) == []
    assert outcome.counts["duplicates"] == 0
    assert all(outcome.counts[what] for what in ("kills", "deleted", "told ready"))
    assert outcome.counts["made"] >= outcome.chats


def test_two_at_a_time_are_seen() -> None:
    """One that was made while another was there is told of; one that came after it is not."""
    first, later, beside = (
        Made(id=UUID(int=number), name=f"dev-{number}", made_at=made_at, gone_at=gone_at)
        for number, made_at, gone_at in ((1, 1.0, 2.0), (2, 2.0, NEVER), (3, 1.5, NEVER))
    )
    assert list(beside_another([first, later])) == []
    assert list(beside_another([first, beside])) == ["dev-3 was made beside dev-1"]
    assert list(beside_another([first, later, beside])) == ["dev-2 was made beside dev-3", "dev-3 was made beside dev-1"]
