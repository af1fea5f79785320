"""What a process remembers of its chats: dials that prove something, and what was told already. Bounded, and never more than was seen."""

from __future__ import annotations

from threading import Barrier, Thread
from uuid import UUID

import attrs
import pytest

from chatworkspace import AgentStatus
from chatworkspace._application.memory import Mentions, Proof, Proofs
from chatworkspace._domain.conditions import Condition, Finding
from tests.application.worlds import a_build, a_workspace, an_agent

CHAT = "chat-1"
LIFE = 5.0
DEV, OTHER = a_workspace(), a_workspace(id=UUID(int=70))
PROOF = Proof(epoch=3, workspace=DEV, finding=Finding(condition=Condition.USABLE, agent=an_agent()), at=100.0)
LATER = 9
"""A generation after all others."""


def _get(proofs: Proofs, chat_id: str = CHAT, *, epoch: int = 3, workspace_id: UUID | None = DEV.id, now: float = 101.0) -> Proof | None:
    return proofs.valid(proofs.latest(chat_id), epoch=epoch, workspace_id=workspace_id, now=now)


# ------------------------------------------------------------------ dials


def test_a_dial_is_remembered() -> None:
    """Until it is too old, for its own chat."""
    proofs = Proofs(LIFE)
    assert _get(proofs) is None
    proofs.put(CHAT, PROOF)
    assert _get(proofs) is PROOF
    assert _get(proofs, "chat-2") is None
    assert len(proofs) == 1


@pytest.mark.parametrize(("now", "fresh"), [(100.0, True), (104.999, True), (105.0, True), (105.001, False), (1000.0, False)])
def test_a_dial_proves_something_for_its_life(now: float, fresh: bool) -> None:  # noqa: FBT001 # a cell of the table
    """As many seconds as were said, and no longer."""
    proofs = Proofs(LIFE)
    proofs.put(CHAT, PROOF)
    assert (_get(proofs, now=now) is PROOF) is fresh


@pytest.mark.parametrize(("epoch", "workspace_id"), [(4, DEV.id), (2, DEV.id), (3, OTHER.id), (3, None)])
def test_a_dial_proves_nothing_about_anything_else(epoch: int, workspace_id: UUID | None) -> None:
    """A later claim, another workspace, or none: somebody has changed something."""
    proofs = Proofs(LIFE)
    proofs.put(CHAT, PROOF)
    assert _get(proofs, epoch=epoch, workspace_id=workspace_id) is None


def test_the_latest_dial_counts() -> None:
    """A failed one after one that worked, too."""
    proofs, failed = Proofs(LIFE), attrs.evolve(PROOF, at=101.0, error="refused")
    proofs.put(CHAT, PROOF)
    proofs.put(CHAT, failed)
    assert _get(proofs) is failed
    assert len(proofs) == 1


def test_a_void_dial_is_forgotten() -> None:
    """That chat's alone; what was never there can be voided as well."""
    proofs = Proofs(LIFE)
    proofs.put(CHAT, PROOF)
    proofs.put("chat-2", PROOF)
    proofs.void(CHAT)
    proofs.void("chat-3")
    assert _get(proofs) is None
    assert _get(proofs, "chat-2") is PROOF


def test_dials_of_long_ago_take_no_room() -> None:
    """A million chats, one after the other, leave no more behind than were dialled lately, give or take some."""
    proofs = Proofs(LIFE)
    for number in range(20_000):
        proofs.put(f"chat-{number}", attrs.evolve(PROOF, at=float(number)))
    assert len(proofs) <= 2048
    assert all(_get(proofs, f"chat-{number}", now=20_000) is not None for number in range(19_995, 20_000))


def test_what_is_fresh_is_kept_in_any_crowd() -> None:
    """However many chats were dialled at the same time, and the dials of before make room for them."""
    proofs = Proofs(LIFE)
    for number in range(1500):
        proofs.put(f"old-{number}", attrs.evolve(PROOF, at=0.0))
    for number in range(3000):
        proofs.put(f"chat-{number}", PROOF)
    assert all(_get(proofs, f"chat-{number}") is PROOF for number in range(3000))
    assert len(proofs) == 3000


def test_the_latest_dial_can_be_looked_at() -> None:
    """Whatever it still proves, until it is void."""
    proofs = Proofs(LIFE)
    proofs.put(CHAT, PROOF)
    assert (proofs.latest(CHAT), proofs.latest("chat-2")) == (PROOF, None)
    assert proofs.valid(proofs.latest(CHAT), epoch=3, workspace_id=DEV.id, now=105.0) is PROOF
    assert proofs.valid(proofs.latest(CHAT), epoch=3, workspace_id=DEV.id, now=106.0) is None
    proofs.void(CHAT)
    assert proofs.latest(CHAT) is None


@pytest.mark.parametrize(
    ("condition", "error", "worked", "ready"),
    [
        (Condition.USABLE, "", True, True),
        (Condition.SCRIPTS_FAILED, "", True, True),
        (Condition.USABLE, "refused", False, False),
        (Condition.LOST, "", True, False),
        (Condition.TIMED_OUT, "refused", False, False),
    ],
)
def test_what_a_dial_proves(condition: Condition, error: str, worked: bool, ready: bool) -> None:  # noqa: FBT001 # cells of the table
    """Ready needs a dial that worked and scripts that are over; a lost agent that was reached is still to be told of."""
    agent = an_agent(AgentStatus.CONNECTED)
    proof = Proof(epoch=1, workspace=DEV, finding=Finding(condition=condition, agent=agent), at=0, error=error)
    assert (proof.worked, proof.proves_ready) == (worked, ready)


# ------------------------------------------------------------------ what was told: builds


def test_a_build_is_told_once() -> None:
    """And its becoming ready once, whoever sees it and however often."""
    said = Mentions()
    assert said.new_build(CHAT, LATER, DEV.id, 1)
    assert not said.new_build(CHAT, LATER, DEV.id, 1)
    assert said.now_ready(CHAT, LATER, DEV.id, 1)
    assert not said.now_ready(CHAT, LATER, DEV.id, 1)
    assert not said.new_build(CHAT, LATER, DEV.id, 1)


def test_an_end_that_is_not_ready_is_told_only_after_its_beginning() -> None:
    """Whoever finds a workspace stopped or failed has nothing to tell; nor is the end of another build told."""
    said = Mentions()
    assert not said.now_over(CHAT, DEV.id, 1)
    said.new_build(CHAT, LATER, DEV.id, 2)
    assert not said.now_over(CHAT, DEV.id, 1)
    assert not said.now_over(CHAT, DEV.id, 3)
    assert not said.now_over(CHAT, OTHER.id, 2)
    assert said.now_over(CHAT, DEV.id, 2)
    assert not said.now_over(CHAT, DEV.id, 2)


def test_that_it_is_ready_is_told_without_a_beginning() -> None:
    """Another process may have told that. Not of an earlier build, nor of a generation that is over."""
    said = Mentions()
    assert said.now_ready(CHAT, 2, DEV.id, 3)
    assert not said.now_ready(CHAT, 2, DEV.id, 3)
    assert not said.now_ready(CHAT, 2, DEV.id, 2)
    assert not said.now_ready(CHAT, 1, OTHER.id, 1)
    assert not said.new_build(CHAT, 2, DEV.id, 3)
    assert said.now_ready(CHAT, 2, DEV.id, 4)
    assert said.now_ready(CHAT, 3, OTHER.id, 1)


def test_builds_only_go_on() -> None:
    """A later one is told and ends the earlier; an earlier one, heard late, is not told; each chat has its own."""
    said = Mentions()
    assert said.new_build(CHAT, LATER, DEV.id, 2)
    assert said.new_build(CHAT, LATER, DEV.id, 4)
    assert not said.now_ready(CHAT, LATER, DEV.id, 2)
    assert not said.new_build(CHAT, LATER, DEV.id, 3)
    assert said.now_ready(CHAT, LATER, DEV.id, 4)
    assert said.new_build("chat-2", LATER, DEV.id, 1)


def test_another_workspace_begins_anew() -> None:
    """Its builds are counted from one again."""
    said = Mentions()
    assert said.new_build(CHAT, LATER, DEV.id, 5)
    assert said.new_build(CHAT, LATER, OTHER.id, 1)
    assert said.now_ready(CHAT, LATER, OTHER.id, 1)


# ------------------------------------------------------------------ what was told: bindings


def test_a_binding_is_told_once_for_each_generation() -> None:
    """And generations only go up."""
    said = Mentions()
    assert said.new_binding(CHAT, 3, DEV.id, 2)
    assert not said.new_binding(CHAT, 3, DEV.id, 2)
    assert not said.new_binding(CHAT, 2, OTHER.id, 2)
    assert said.new_binding(CHAT, 4)
    assert said.new_binding("chat-2", 1)


def test_nothing_more_is_told_of_what_was_attached() -> None:
    """Its latest build is no news, its next one is."""
    said = Mentions()
    said.new_binding(CHAT, 1, DEV.id, 2)
    assert not said.new_build(CHAT, LATER, DEV.id, 2)
    assert not said.now_ready(CHAT, LATER, DEV.id, 2)
    assert said.new_build(CHAT, LATER, DEV.id, 3)


def test_after_a_detach_all_is_new() -> None:
    """The same workspace may come back; what was under way when it went is not told."""
    said = Mentions()
    said.new_build(CHAT, 1, DEV.id, 1)
    said.new_binding(CHAT, 2)
    assert not said.now_ready(CHAT, 1, DEV.id, 1)
    assert said.new_build(CHAT, LATER, DEV.id, 1)


# ------------------------------------------------------------------ what was told: steps and lines


def test_steps_only_go_forward() -> None:
    """By generation, then build, then phase, then turn in the platform's queue; each once, for each chat."""
    said = Mentions()
    forward = [(0, 0, 1, 0), (1, 0, 1, 0), (1, 0, 3, 0), (1, 1, 4, -2), (1, 1, 4, -1), (1, 1, 4, 0), (1, 1, 7), (1, 2, 4, 0), (2, 0, 1, 0)]
    told = [(step, -min(step[3:], default=0)) for step in forward]
    assert all(said.new_phase(CHAT, *it) for it in told)
    assert not any(said.new_phase(CHAT, *it) for it in told)
    assert all(said.new_phase("chat-2", *it) for it in told)


def test_lines_only_go_forward() -> None:
    """By generation, then build, then number; apart from the steps."""
    said = Mentions()
    forward = [(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)]
    assert all(said.new_line(CHAT, line) for line in forward)
    assert not any(said.new_line(CHAT, line) for line in forward)
    assert all(said.new_line("chat-2", line) for line in forward)
    assert said.new_phase(CHAT, (1, 1, 1))


# ------------------------------------------------------------------ many threads, many chats


def test_leaving_the_queue_is_told_only_of_a_position_that_was_told() -> None:
    """From a position that is not known to none: the same is not told twice."""
    said, far = Mentions(), -(2**31)
    assert [said.new_phase(CHAT, (1, 1, 3, turn), position) for turn, position in ((far, 0), (0, 0))] == [True, False]
    assert [said.new_phase(CHAT, (1, 2, 3, turn), position) for turn, position in ((far, 0), (-2, 2), (-1, 1), (0, 0))] == [True] * 4


def test_eight_threads_tell_each_thing_once() -> None:
    """Whichever of them sees it first."""
    said, barrier, chats, told = Mentions(), Barrier(8), 150, list[str]()

    def see() -> None:
        barrier.wait()
        for number in range(chats):
            if said.new_build(f"chat-{number}", LATER, DEV.id, 1):
                told.append(f"build {number}")
            if said.new_phase(f"chat-{number}", (1, 1, 4)):
                told.append(f"phase {number}")

    threads = [Thread(target=see, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == sorted([f"{what} {number}" for what in ("build", "phase") for number in range(chats)])


def test_what_was_told_is_forgotten_some_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chats of longest ago make room; those of late are remembered."""
    monkeypatch.setattr("chatworkspace._application.memory.MOST_CHATS", 64)
    said = Mentions()
    for number in range(300):
        assert said.new_build(f"chat-{number}", LATER, DEV.id, 1)
    assert said.new_build("chat-0", LATER, DEV.id, 1)
    assert not said.new_build("chat-299", LATER, DEV.id, 1)


def test_a_build_that_failed_and_was_built_again_is_news() -> None:
    """The facts behind a number are no matter, the number is."""
    said = Mentions()
    workspace = a_workspace(a_build(number=2))
    assert said.new_build(CHAT, LATER, workspace.id, workspace.build.number - 1)
    assert said.new_build(CHAT, LATER, workspace.id, workspace.build.number)


def test_nothing_of_a_generation_that_is_over_is_told() -> None:
    """Whoever still waits for what a chat was bound to before a replacement, a detach or a close tells nobody of it."""
    said = Mentions()
    assert said.new_build(CHAT, 1, DEV.id, 1)
    assert said.new_build(CHAT, 2, OTHER.id, 1)
    assert not said.new_build(CHAT, 1, DEV.id, 2)
    assert said.new_binding(CHAT, 3)
    assert not said.new_build(CHAT, 2, OTHER.id, 2)
    assert said.new_build(CHAT, 4, DEV.id, 3)
