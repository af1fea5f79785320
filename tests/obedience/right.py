"""Which advice is right, by how the world is: the player itself cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from chatworkspace import Advice, Transition
from tests.obedience.helpers import TIMEOUTS, is_connected, lasts, nobody_builds, who_must_act
from tests.obedience.player import Told
from tests.obedience.truth import WRONG, How

POLLED, AT_ONCE = 20.0, 0.3
"""Seconds after which a change is known, where nobody may have told of it, and where it is watched."""

READY = (How.USABLE, How.AGENTLESS)
STOPPED = (How.STOPPED, How.GONE, How.NONE, How.START_FAILED)
STANDS_STILL = (How.STOPPED, How.START_FAILED, How.STOP_FAILED)
ALWAYS_KNOWN = (Advice.READ_TEMPLATE, Advice.CORRECT_ARGUMENTS)
"""Whoever refuses knows that at once."""
PERSONS = (Advice.ASK_USER, Advice.ASK_ADMINISTRATOR)
COMES = (How.COMING, How.LEAVING)


def what_is_wrong(told: Told, *, watched: bool) -> str:
    """Return what is wrong with an advice, if anything is.  watched: each change is told at once."""
    if told.advice is None:
        return "no advice"
    if told.advice is not Advice.NOTHING and not told.content.get("next_step"):
        return "no words"
    if _changed_by_itself(told, watched=watched) and told.advice not in ALWAYS_KNOWN:
        return ""
    if any(_is_right(attrs.evolve(told, truth=it)) for it in (told.truth, *told.truth.meanwhile)):
        return ""
    if told.advice in PERSONS:
        return f"not theirs, but that of {sorted(it.value for it in who_must_act(told))}"
    return "not so"


def _is_right(told: Told) -> bool:
    assert told.advice is not None
    return told.advice in who_must_act(told) if told.advice in PERSONS else RIGHT[told.advice](told)


def _changed_by_itself(told: Told, *, watched: bool) -> bool:
    """Tell whether the world has changed while the call was made, so shortly before its end that this need not be known."""
    truth = told.truth
    told_at_once = watched and not truth.struck and truth.how is not How.DEAD  # nobody tells that an agent has been away for long
    known_after = AT_ONCE if told_at_once else POLLED
    waits = told.advice in (Advice.CALL_AGAIN, Advice.CALL_LATER)  # it may have changed at the very end of the wait
    meanwhile = truth.since > told.began or (waits and truth.since == told.began)  # a request is answered with what it has begun
    return meanwhile and told.at - known_after < truth.since < told.at + waits * AT_ONCE


def _done(told: Told) -> bool:
    """Tell whether what was asked for holds."""
    match told.tool:
        case "read_template":
            return True
        case "stop_workspace":
            return told.truth.how in STOPPED
        case "connect":
            return told.truth.how is How.AGENTLESS or (is_connected(told) and not told.truth.unreached)
        case "create_workspace" | "start_workspace":
            return told.truth.how in READY and not told.truth.unreached
        case _:  # what else there is asks for something to be done
            return False


def _moves(told: Told) -> bool:
    """There is something to wait for, or something has struck that may pass."""
    truth, stops = told.truth, told.tool == "stop_workspace"
    if truth.struck:
        return not truth.for_good
    start = truth.how is How.UNDER_WAY and truth.records[-1].transition is Transition.START
    if start and told.tool != "connect" and nobody_builds(told) and lasts(told) > TIMEOUTS.build + POLLED:
        return False
    if truth.interrupted or truth.planned or truth.under_way or truth.how is How.UNDER_WAY or truth.host_failed:
        return True
    return truth.how is How.STOP_FAILED if stops else truth.how in COMES


def _can_be_started(told: Told) -> bool:
    dormant = told.truth.workspace is not None and told.truth.workspace.dormant
    return told.tool != "stop_workspace" and ((told.truth.how in STANDS_STILL and not told.truth.by_person) or dormant)


def _can_be_restarted(told: Told) -> bool:
    how = told.truth.how
    reached = not told.truth.unreached and told.tool != "connect"
    return told.tool != "stop_workspace" and (how in (How.DEAD, How.LEAVING) or (not reached and how in (How.USABLE, How.COMING)))


def _can_be_made(told: Told) -> bool:
    if told.tool == "list_templates":
        return told.content.get("recommended_template_id") in told.truth.creatable
    return told.truth.how in (How.NONE, How.GONE) and told.truth.planned


def _is_not_to_be_had(told: Told) -> bool:
    return told.tool == "create_workspace" and told.arguments.get("template_id") not in told.truth.creatable


def _was_refused(told: Told) -> bool:
    return told.truth.refused_now


def _was_wrong(told: Told) -> bool:
    return told.truth.refused_now or told.arguments.get("parameters") == WRONG


RIGHT: Mapping[Advice, Callable[[Told], bool]] = {
    Advice.NOTHING: _done,
    Advice.CALL_AGAIN: _moves,
    Advice.CALL_LATER: _moves,
    Advice.START: _can_be_started,
    Advice.STOP_THEN_START: _can_be_restarted,
    Advice.CREATE: _can_be_made,
    Advice.LIST_TEMPLATES: _is_not_to_be_had,
    Advice.READ_TEMPLATE: _was_refused,
    Advice.CORRECT_ARGUMENTS: _was_wrong,
}
