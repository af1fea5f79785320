"""Reads the history of a world and says what must not have happened: one function for each thing that must hold whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from uuid import UUID

from chatworkspace import State, Transition
from chatworkspace._domain.places import phase_order
from chatworkspace.outcomes import Progress
from tests.worlds.histories import History, Made, Told, Written
from tests.worlds.keeping import led_back_by_name, one_live_workspace, one_name_one_request, refused_takes_nothing_away
from tests.worlds.reading import ON_THEIR_WORD, PLAIN, REPLACING, asked_for, calls, chat_ids, first_build_failed, leaves, made_by_id, replacers

MOMENT = 1e-6
SLACK = 0.25
"""Seconds that a call may end after its deadline."""
STALE = 15.0
"""Seconds that a call may still read (a log, say) after it has looked at the chat for the last time."""


def check(history: History) -> list[str]:
    """Return what is wrong, each with the number of what it breaks."""
    return [f"{number}: {problem}" for number, rule in RULES.items() for problem in rule(history)]


# ------------------------------------------------------------------ 3 and 4: what callers are told


def ready_was_proven(history: History) -> Iterator[str]:
    """Whoever is told "ready" could dial then or a moment before, and nothing done through the store since says otherwise."""
    by_number = calls(history)
    for told in history.told:
        outcome = told.outcome
        if outcome is None or not outcome.ready or outcome.agent is None or told.ended_at is None:
            continue
        paused = sum(
            it.seconds for it in history.pauses if it.process == told.process and it.at + it.seconds > told.begun_at and it.at < told.ended_at
        )
        seen = max((it.seq for it in history.observed if it.caller == told.caller), default=0)
        claims = [it.seq for it in history.written if it.chat_id == told.chat_id and it.call == "claim" and it.seq < seen]
        proofs = [
            dial
            for dial in history.dialled
            if (dial.workspace_id, dial.agent_id) == (outcome.workspace_id, outcome.agent.id) and by_number[dial.caller].process == told.process
        ]
        if not any(told.ended_at - history.proof - paused <= dial.at <= told.ended_at for dial in proofs):
            yield f"call {told.caller} was told ready at {told.ended_at:.3f}, and nobody had dialled since {told.ended_at - history.proof:.3f}"
        elif not any(dial.seq < seen and not any(dial.seq < claim for claim in claims) for dial in proofs):
            yield f"call {told.caller} was told ready, and the chat was claimed after the dial"
    yield from _connected(history)


def _connected(history: History) -> Iterator[str]:
    """Whoever was given a way to an agent had reached that of the workspace that the chat had at the look before."""
    for told in history.told:
        if not told.connected or told.ended_at is None:
            continue
        dials = [dial for dial in history.dialled if dial.caller == told.caller]
        if not dials:
            yield f"call {told.caller} was connected, and had dialled nobody"
            continue
        looks = [it.chat.workspace_id for it in history.observed if it.caller == told.caller and it.seq < dials[-1].seq]
        if not looks or looks[-1] != dials[-1].workspace_id:
            yield f"call {told.caller} was connected to {dials[-1].workspace_id}, and the chat had {looks[-1] if looks else None}"


def all_are_told_the_same(history: History) -> Iterator[str]:
    """All callers of one generation are told the same workspace; who was overtaken is told so; no two chats are bound to one workspace."""
    same: dict[tuple[str, int], UUID] = {}
    for told in history.told:
        outcome = told.outcome
        if outcome is None:
            continue
        if outcome.workspace is not None:
            known = same.setdefault((told.chat_id, outcome.chat.generation), outcome.workspace.id)
            if known != outcome.workspace.id:
                yield f"of generation {outcome.chat.generation} of {told.chat_id}, {known} was told and {outcome.workspace.id}"
        yield from _told_what_was_seen(history, told)
    made_for: dict[UUID, str] = {}
    for write in history.written:
        if write.call == "bind" and write.after is not None and made_for.setdefault(write.after, write.chat_id) != write.chat_id:
            yield f"{write.after} became the making of {made_for[write.after]} and of {write.chat_id}"


def _told_what_was_seen(history: History, told: Told) -> Iterator[str]:
    assert told.outcome is not None
    seen = [it for it in history.observed if it.caller == told.caller]
    if not seen or told.ended_at is None:
        return
    if seen[-1].chat != told.outcome.chat:
        yield f"call {told.caller} was told {told.outcome.chat}, and had last seen {seen[-1].chat}"
    paused = sum(it.seconds for it in history.pauses if it.process == told.process)
    if told.outcome.state is not State.UNKNOWN and told.outcome.workspace is not None and seen[-1].at < told.ended_at - STALE - paused:
        yield f"call {told.caller} was told at {told.ended_at:.3f} what it had last seen at {seen[-1].at:.3f}"


# ------------------------------------------------------------------ 5 and 6: who may change what


def overtaken_holders_are_refused(history: History) -> Iterator[str]:
    """Epochs of accepted writes never fall, each epoch has one holder, and no write of an overtaken holder is accepted."""
    for chat_id in chat_ids(history):
        epoch, holders = 0, dict[int, str]()
        for write in history.written:
            if write.chat_id != chat_id:
                continue
            if write.epoch < epoch:
                yield f"{write.call} of epoch {write.epoch} was accepted for {chat_id} in epoch {epoch}"
            if write.call != "claim" and write.epoch not in holders:
                yield f"{write.call} of epoch {write.epoch} of {chat_id}, which nobody has claimed"
            if holders.setdefault(write.epoch, write.token) != write.token:
                yield f"epoch {write.epoch} of {chat_id} had two holders"
            epoch = max(epoch, write.epoch)


def nothing_because_of_probes(history: History) -> Iterator[str]:
    """No live workspace is deleted, restarted or left behind because of probes, however many failed."""
    told, made = calls(history), made_by_id(history)
    creating = {*PLAIN, *REPLACING}
    allowed = {"create": creating, "start": {"start", *creating}, "stop": {"stop"}, "delete": {"sweep", "delete"}}
    for asked in history.asked:
        kind = told[asked.caller].kind
        if kind not in allowed[asked.kind]:
            yield f"a call to {kind} asked to {asked.kind}"
        workspace = made.get(asked.workspace_id) if asked.workspace_id is not None else None
        decided = [it.at for it in history.written if it.call == "claim" and it.caller == asked.caller and it.seq < asked.seq]
        if (
            workspace is not None
            and asked.kind == "start"
            and kind not in {"start", "resume"}
            and not first_build_failed(workspace, max(decided, default=asked.at))
        ):
            yield f"a call to {kind} restarted {workspace.made_as}"
    for each in history.made:
        yield from _unasked_builds(history, each)
    for write in history.written:
        before = made.get(write.before) if write.before is not None and leaves(write) else None
        if before is not None and before.gone_at > write.at and not _on_their_word(history, write, before):
            yield f"a call to {told[write.caller].kind if write.caller in told else 'nobody'} left {before.made_as} behind, which was live"


def _on_their_word(history: History, write: Written, before: Made) -> bool:
    """Tell whether whoever left a live one behind was told to, or found what somebody had asked for who was; or its first build had failed."""
    told = calls(history)
    for said in (write, *replacers(history, write)):
        kind = told[said.caller].kind if said.caller in told else ""
        if kind in ON_THEIR_WORD or (kind in PLAIN and first_build_failed(before, said.at)):
            return True
    return False


def _unasked_builds(history: History, workspace: Made) -> Iterator[str]:
    for transition in Transition:
        built = sum(build.transition is transition and build.number > 1 for build in workspace.builds)
        asked = sum(it.workspace_id == workspace.id for it in asked_for(history, transition.value))
        done = sum(it.workspace_id == workspace.id and it.kind == transition.value for it in history.deeds)
        if built > asked + done:
            yield f"{workspace.made_as} had {built} builds to {transition.value}, and {asked + done} were asked for"


# ------------------------------------------------------------------ 7: in time


def calls_end_in_time(history: History) -> Iterator[str]:
    """Every call ends within its deadline and a moment, as far as the drivers keep theirs and its process runs."""
    for told in history.told:
        if told.ended_at is None or told.wait is None:
            continue
        late = told.ended_at - told.begun_at - told.wait - told.spent
        if late > SLACK:
            yield f"call {told.caller} to {told.kind} ended {late:.3f} s after its deadline"


# ------------------------------------------------------------------ 9, 10 and 12: what is left, what is seen, and whether it goes on


def nothing_is_left(history: History) -> Iterator[str]:
    """After quiet no mutex, call, watch or claim is left, and no plan that the sweep does not know, save that of a replacement in doubt."""
    for left in history.left:
        if left.count:
            yield f"{left.count} {left.what} left in {left.where}"
    for row in history.rows:
        if row.claimed_for > 0:
            yield f"{row.chat.id} is still claimed"
        if row.plan is not None and row.chat.id not in (history.sweep.errors if history.sweep is not None else {}):
            name = row.plan.name.lower()
            if row.chat.workspace_id is None:
                yield f"the plan of {row.chat.id} stands, and the sweep did not say so"
            elif any(made.gone_at == float("inf") and made.name.lower() == name for made in history.made):
                yield f"the plan of {row.chat.id} stands, and the sweep has not bound what came of it"


def followers_see_it_go_forward(history: History) -> Iterator[str]:
    """All that a follower sees is ordered by generation, build number and phase, and ends with exactly one terminal event."""
    for told in history.told:
        if told.kind != "follow" or told.ended_at is None or told.error:
            continue
        ends = [number for number, progress in enumerate(told.progress, 1) if progress.outcome is not None]
        if ends != [len(told.progress)]:
            yield f"follower {told.caller} saw {len(ends)} ends in {len(told.progress)} events"
        steps = [_step(progress) for progress in told.progress[:-1]]
        if any(one > other for one, other in pairwise(steps)):
            yield f"follower {told.caller} saw {steps}"
        if steps and told.progress[-1].generation < told.progress[-2].generation:
            yield f"follower {told.caller} saw an older generation end"


def _step(progress: Progress) -> tuple[int, int, int]:
    return progress.generation, progress.build_number or 0, phase_order(progress.phase)


def it_goes_on(history: History) -> Iterator[str]:
    """Nobody keeps a chat for longer than the claim lives; once faults end, the next call ends with a live workspace or says who must act."""
    live = {made.id for made in history.made if made.gone_at == float("inf")}
    for seen in history.observed:
        if seen.claimed_for > history.life + MOMENT:
            yield f"{seen.chat.id} was claimed for {seen.claimed_for:.3f} s"
    for told in history.told:
        if told.leaked:
            yield f"call {told.caller} to {told.kind} let {told.error} out"
        if told.last and (problem := _stuck(history, told, live)):
            yield f"with all faults over, {told.kind} ended with {problem}"


def _is_closed(history: History, told: Told) -> bool:
    """Tell whether a call has been told that its chat is closed for good, as it is, or has brought that about."""
    if told.kind == "delete" and told.outcome is not None:
        return told.outcome.state in {State.GONE, State.ABSENT}
    return told.error == "ChatClosedError" and any(row.chat.closed for row in history.rows if row.chat.id == told.chat_id)


def _stuck(history: History, told: Told, live: set[UUID]) -> str:
    """Return what was wrong with a call that was made when all faults were over."""
    outcome = told.outcome
    if told.kind == "sweep" or _is_closed(history, told):
        return ""
    if told.kind == "connect":
        statuses = [it.outcome for it in history.told if it.last and it.kind == "status" and it.chat_id == told.chat_id]
        there = any(status is not None and status.ready and status.agent is not None for status in statuses)
        return told.error if there and not told.connected else ""
    if outcome is None:
        return told.error or "nothing"
    if outcome.state is State.READY:
        return "" if outcome.workspace_id in live else f"{outcome.workspace_id}, which is gone"
    return "" if outcome.next_step else f"{outcome.state.value} ({outcome.reason.value}), and nobody must act"


RULES: dict[int, Callable[[History], Iterator[str]]] = {
    1: one_live_workspace,
    2: led_back_by_name,
    3: ready_was_proven,
    4: all_are_told_the_same,
    5: overtaken_holders_are_refused,
    6: nothing_because_of_probes,
    7: calls_end_in_time,
    8: one_name_one_request,
    9: nothing_is_left,
    10: followers_see_it_go_forward,
    12: it_goes_on,
    13: refused_takes_nothing_away,
}
"""What each function checks, by its number in the design. 11, the rates, is measured elsewhere."""
