"""Reads the history of a world and says what must not have happened: one function for each thing that must hold whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from uuid import UUID

from chatworkspace import Reason, State, Transition
from chatworkspace._application.waiting import phase_order
from chatworkspace.outcomes import Progress
from tests.worlds.histories import Asked, History, Made, Told, Written

MOMENT = 1e-6
SLACK = 0.25
"""Seconds that a call may end after its deadline."""
STALE = 15.0
"""Seconds that a call may still read (a log, say) after it has looked at the chat for the last time."""
ON_THEIR_WORD = frozenset({"replace", "attach", "detach"})
"""Calls by which a live workspace is left behind because the caller says so."""


def check(history: History) -> list[str]:
    """Return what is wrong, each with the number of what it breaks."""
    return [f"{number}: {problem}" for number, rule in RULES.items() for problem in rule(history)]


# ------------------------------------------------------------------ what the rules share


def _makers(history: History) -> dict[UUID, str]:
    """Return whose making each workspace is: the chat for which its name was asked for."""
    chats = {asked.name.lower(): asked.chat_id for asked in history.asked if asked.kind == "create"}
    return {made.id: chats[made.made_as.lower()] for made in history.made if not made.own and made.made_as.lower() in chats}


def _calls(history: History) -> dict[int, Told]:
    return {told.caller: told for told in history.told}


def _plans(history: History, chat_id: str) -> list[Written]:
    """Return the claims that wrote a plan, in their order."""
    return [it for it in history.written if it.chat_id == chat_id and it.call == "claim" and it.plan is not None]


def _chat_ids(history: History) -> list[str]:
    return sorted({it.chat_id for it in history.written})


def _named(history: History) -> set[UUID]:
    """Return the workspaces that an outcome named as left behind, or, where nobody was left to be told, the record of the one who did it."""
    calls = _calls(history)
    outcomes = [told.outcome for told in history.told if told.outcome is not None]
    named = {it.left_behind.workspace_id for it in outcomes if it.left_behind is not None and it.left_behind.reason is not Reason.OVERTAKEN}
    for write in history.written:
        told = calls.get(write.caller)
        if write.call == "attach" and write.after is not None:
            named.add(write.after)  # it was left behind once, and is the chat's again on a caller's word
        if told is not None and told.outcome is not None:
            continue
        if write.before is not None and write.after != write.before:
            named.add(write.before)
        named.update(made.id for made in history.made if write.call == "attach" and write.note.endswith(f"/{made.made_as}"))
    return named


def _first_build_failed(made: Made, before: float) -> bool:
    builds = [build for build in made.builds if build.asked_at < before or build.number == 1]
    return len(builds) == 1 and builds[0].failed


# ------------------------------------------------------------------ 1 and 2: one workspace, and none is lost


def one_live_workspace(history: History) -> Iterator[str]:
    """At no instant there are two live workspaces of one chat's making, save those that an outcome named as left behind."""
    makers, named = _makers(history), _named(history)
    for chat_id in sorted(set(makers.values())):
        order = _order_of_names(history, chat_id)
        live: list[Made] = []
        for made in sorted((it for it in history.made if makers.get(it.id) == chat_id), key=lambda it: it.made_at):
            live = [older for older in live if older.gone_at > made.made_at and not _arrived_late(order, older, made)]
            if live:
                yield f"{chat_id} had {live[0].made_as} ({live[0].id}) and {made.made_as} ({made.id}) at {made.made_at:.3f}"
            if made.id not in named:
                live.append(made)


def _order_of_names(history: History, chat_id: str) -> dict[str, int]:
    names = [write.plan.name for write in _plans(history, chat_id) if write.plan is not None]
    return {name: number for number, name in reversed(list(enumerate(names)))}


def _arrived_late(order: dict[str, int], older: Made, younger: Made) -> bool:
    """Tell whether the younger one comes from a request that was overtaken by a detach or replacement: a stray, which the sweep lists."""
    return younger.made_as in order and older.made_as in order and order[younger.made_as] < order[older.made_as]


def led_back_by_name(history: History) -> Iterator[str]:
    """Every workspace of our making leads back to its chat by its name alone; those of no chat are listed; nothing is deleted unasked."""
    chats = {mark: row.chat.id for row in history.rows for mark in row.marks}
    makers = _makers(history)
    for made in history.made:
        if made.own:
            continue
        by_name = chats.get(made.made_as.lower().rpartition("-")[2])
        if by_name is None or by_name != makers.get(made.id):
            yield f"{made.made_as} leads to {by_name}, and was made for {makers.get(made.id)}"
        deletions = sum(build.transition is Transition.DELETE for build in made.builds)
        wanted = sum(deed.workspace_id == made.id for deed in history.deeds if deed.kind == "delete")
        wanted += sum(asked.workspace_id == made.id for asked in _asked(history, "delete"))
        if deletions > wanted:
            yield f"{made.made_as} was deleted unasked"
    if history.sweep is not None:
        yield from _swept(history, chats)


def _swept(history: History, chats: dict[str, str]) -> Iterator[str]:
    assert history.sweep is not None
    bound = {row.chat.workspace_id for row in history.rows}
    planned = {row.plan.name.lower() for row in history.rows if row.plan is not None}
    live = [made for made in history.made if made.gone_at == float("inf") and made.name.lower().rpartition("-")[2] in chats]
    strays = {made.id for made in live if made.id not in bound and made.name.lower() not in planned}
    listed = {stray.id for stray in history.sweep.strays} | set(history.sweep.deleted)
    if listed != strays:
        yield f"the sweep lists {sorted(map(str, listed))}, and {sorted(map(str, strays))} are no chat's"
    for key, error in history.sweep.errors.items():
        yield f"the sweep could not do {key}: {error}"


def _asked(history: History, kind: str) -> list[Asked]:
    return [asked for asked in history.asked if asked.kind == kind]


# ------------------------------------------------------------------ 3 and 4: what callers are told


def ready_was_proven(history: History) -> Iterator[str]:
    """Whoever is told "ready" could dial then or a moment before, and nothing done through the store since says otherwise."""
    calls = _calls(history)
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
            if (dial.workspace_id, dial.agent_id) == (outcome.workspace_id, outcome.agent.id) and calls[dial.caller].process == told.process
        ]
        if not any(told.ended_at - history.proof - paused <= dial.at <= told.ended_at for dial in proofs):
            yield f"call {told.caller} was told ready at {told.ended_at:.3f}, and nobody had dialled since {told.ended_at - history.proof:.3f}"
        elif not any(dial.seq < seen and not any(dial.seq < claim for claim in claims) for dial in proofs):
            yield f"call {told.caller} was told ready, and the chat was claimed after the dial"


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
    for chat_id in _chat_ids(history):
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
    calls, made = _calls(history), {it.id: it for it in history.made}
    for asked in history.asked:
        kind = calls[asked.caller].kind
        allowed = {"create": {"create", "replace"}, "start": {"start", "create", "replace"}, "stop": {"stop"}, "delete": {"sweep"}}[asked.kind]
        if kind not in allowed:
            yield f"a call to {kind} asked to {asked.kind}"
        workspace = made.get(asked.workspace_id) if asked.workspace_id is not None else None
        decided = [it.at for it in history.written if it.call == "claim" and it.caller == asked.caller and it.seq < asked.seq]
        if workspace is not None and asked.kind == "start" and kind != "start" and not _first_build_failed(workspace, max(decided, default=asked.at)):
            yield f"a call to {kind} restarted {workspace.made_as}"
    for each in history.made:
        yield from _unasked_builds(history, each)
    for write in history.written:
        before = None if write.before is None or write.after == write.before else made.get(write.before)
        if before is None or before.gone_at <= write.at or write.caller not in calls or calls[write.caller].kind in ON_THEIR_WORD:
            continue
        if not (calls[write.caller].kind == "create" and _first_build_failed(before, write.at)):
            yield f"a call to {calls[write.caller].kind} left {before.made_as} behind, which was live"


def _unasked_builds(history: History, workspace: Made) -> Iterator[str]:
    for transition in Transition:
        built = sum(build.transition is transition and build.number > 1 for build in workspace.builds)
        asked = sum(it.workspace_id == workspace.id for it in _asked(history, transition.value))
        done = sum(it.workspace_id == workspace.id and it.kind == transition.value for it in history.deeds)
        if built > asked + done:
            yield f"{workspace.made_as} had {built} builds to {transition.value}, and {asked + done} were asked for"


# ------------------------------------------------------------------ 7 and 8: in time, and once


def calls_end_in_time(history: History) -> Iterator[str]:
    """Every call ends within its deadline and a moment, as far as the drivers keep theirs and its process runs."""
    for told in history.told:
        if told.ended_at is None or told.wait is None:
            continue
        late = told.ended_at - told.begun_at - told.wait - told.spent
        if late > SLACK:
            yield f"call {told.caller} to {told.kind} ended {late:.3f} s after its deadline"


def one_name_one_request(history: History) -> Iterator[str]:
    """All creations ask for one name until a live one is left behind; one request a generation, one more for each call that found none."""
    for chat_id in _chat_ids(history):
        plans = _plans(history, chat_id)
        for one, other in pairwise(plans):
            if one.plan is not None and other.plan is not None and one.plan.name != other.plan.name and not _left_between(history, one, other):
                yield f"{chat_id} went from {one.plan.name} to {other.plan.name}, and nothing was left behind"
        yield from _requests(history, plans, chat_id)
        opened: dict[int, int] = {}
        for generation, plan in {plan.generation: plan for plan in reversed(plans)}.items():
            if opened.setdefault(plan.caller, generation) != generation and plan.caller != -1:
                yield f"call {plan.caller} opened generations {opened[plan.caller]} and {generation} of {chat_id}"


def _left_between(history: History, one: Written, other: Written) -> bool:
    between = [it for it in history.written if it.chat_id == one.chat_id and one.seq < it.seq <= other.seq]
    return any((it.before is not None and it.after != it.before) or "left behind" in it.note for it in between)


def _requests(history: History, plans: list[Written], chat_id: str) -> Iterator[str]:
    calls = _calls(history)
    first = {plan.generation: plan.caller for plan in reversed(plans)}
    before: dict[tuple[int, int], int] = {}
    for asked in _asked(history, "create"):
        if asked.chat_id != chat_id:
            continue
        own = [plan for plan in plans if plan.caller == asked.caller and plan.seq < asked.seq]
        if not own or own[-1].plan is None or own[-1].plan.name != asked.name:
            yield f"call {asked.caller} asked for {asked.name}, which it had not planned"
            continue
        generation = own[-1].generation
        since = before.get((asked.caller, generation))
        planned_first = asked.caller == first[generation] and since is None
        if not planned_first and not any((since or 0) < seq < asked.seq for seq in calls[asked.caller].found_none):
            yield f"call {asked.caller} asked again in generation {generation}, and had not looked by name"
        before[asked.caller, generation] = asked.seq


# ------------------------------------------------------------------ 9, 10 and 12: what is left, what is seen, and whether it goes on


def nothing_is_left(history: History) -> Iterator[str]:
    """After quiet no mutex, call, watch or claim is left, and no plan that the sweep does not know."""
    for left in history.left:
        if left.count:
            yield f"{left.count} {left.what} left in {left.where}"
    for row in history.rows:
        if row.claimed_for > 0:
            yield f"{row.chat.id} is still claimed"
        if row.plan is not None and row.chat.id not in (history.sweep.errors if history.sweep is not None else {}):
            yield f"the plan of {row.chat.id} stands, and the sweep did not say so"


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
        if not told.last or told.kind == "sweep":
            continue
        outcome = told.outcome
        if outcome is None:
            yield f"with all faults over, {told.kind} ended with {told.error or 'nothing'}"
        elif outcome.state is State.READY and outcome.workspace_id not in live:
            yield f"with all faults over, {told.kind} ended with {outcome.workspace_id}, which is gone"
        elif outcome.state is not State.READY and not outcome.next_step:
            yield f"with all faults over, {told.kind} ended with {outcome.state.value} ({outcome.reason.value}), and nobody must act"


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
}
"""What each function checks, by its number in the design. 11, the rates, is measured elsewhere."""
