"""Who must act, by how the world is: only what neither passes by itself nor is overcome by what a model can do is a person's."""

from __future__ import annotations

from collections.abc import Callable

from chatworkspace import Advice, JobStatus, Timeouts, Transition
from chatworkspace_fake._platform.states import BuildRecord
from tests.obedience.player import Told
from tests.obedience.truth import PROOF, How

TIMEOUTS = Timeouts()
TWICE = 2
STILL = 2
"""Times its limit: what has not moved for so long is a person's."""
ALL = STILL * (TIMEOUTS.build + TIMEOUTS.connect + TIMEOUTS.scripts)
"""Seconds after which whatever goes on is a person's."""
SLACK = 1.0
"""Seconds that a limit may seem to be short of, for times are told in whole ones."""
SLOW = 4.0
"""Seconds that an answer takes where it is slow: how old a build is, it says as of its end, and who asked counts from when it did."""
NOT_DONE = (How.UNDER_WAY, How.COMING, How.LEAVING, How.DEAD, How.STOPPED, How.USABLE, How.START_FAILED, How.GONE, How.NONE)

Cause = Callable[[Told], bool]


def who_must_act(told: Told) -> set[Advice]:
    """Return the persons by whom what is wrong can be mended."""
    user = {Advice.ASK_USER} if any(cause(told) for cause in USERS) else set[Advice]()
    return user | ({Advice.ASK_ADMINISTRATOR} if any(cause(told) for cause in ADMINISTRATORS) else set[Advice]())


def failures(told: Told, transition: Transition, *, before: bool = False) -> list[BuildRecord]:
    """Return the builds of this kind that have failed, canceled ones left out. before: those of the workspaces as well that the chat had before."""
    own = (it for it in (*(told.truth.before if before else ()), *told.truth.records) if it.transition is transition and it.canceled_at > it.ends_at)
    return [it for it in own if it.status_at(told.at) is JobStatus.FAILED]


def starts(told: Told) -> int:
    """Return how many starts have succeeded."""
    return sum(it.transition is Transition.START and it.status_at(told.at) is JobStatus.SUCCEEDED for it in told.truth.records)


def lasts(told: Told) -> float:
    """Return the seconds for which the latest build has been asked for."""
    return told.at - told.truth.records[-1].asked


# ------------------------------------------------------------------ users


def somebody_canceled(told: Told) -> bool:
    """Only they know what they want."""
    return told.truth.how in (How.CANCELED, How.DELETE_FAILED)


def no_quota(told: Told) -> bool:
    """Something has to be given up."""
    failed = failures(told, Transition.START)
    return told.truth.how is How.START_FAILED and failed[-1].told_at(told.at, (0, None)).error_code == "INSUFFICIENT_QUOTA"


def failed_again(told: Told) -> bool:
    """To start it once more was in vain, or to make it anew."""
    return told.truth.how is How.START_FAILED and len(failures(told, Transition.START, before=True)) >= TWICE


def on_their_host(told: Told) -> bool:
    """Only they can start it."""
    return told.truth.how is How.OFFLINE


def not_there(told: Told) -> bool:
    """Ask those whose workspace was deleted, is shown no more, or was never made, where the call makes none."""
    truth = told.truth
    if told.tool == "stop_workspace":  # what is not there needs no stop
        return truth.how is How.HIDDEN
    if told.tool == "create_workspace":
        return truth.how is How.HIDDEN or (truth.how in (How.GONE, How.NONE) and truth.acted_at >= told.began)
    return truth.how in (How.HIDDEN, How.GONE) or (truth.how is How.NONE and not truth.planned)


def nothing_to_choose(told: Told) -> bool:
    """No template can be taken, or more than one."""
    return told.tool == "list_templates" and len(told.truth.creatable) != 1


def refused_again(told: Told) -> bool:
    """There is nothing to be corrected, or it did not help."""
    return told.truth.refused_now and (told.truth.refused >= TWICE or told.tool == "stop_workspace")


def somebody_stopped(told: Told) -> bool:
    """Ask whoever has stopped it, or meant to, before it is used again."""
    return told.truth.by_person and told.truth.how in (How.STOPPED, How.STOP_FAILED) and told.tool != "stop_workspace"


def stopped_each_time(told: Told) -> bool:
    """Say so where the platform does not let it run."""
    return told.truth.how is How.STOPPED and told.truth.stopped_by_itself >= TWICE


def agent_stays_away(told: Told) -> bool:
    """Let whoever owns it decide for how long to wait: it may come, or not."""
    seen = told.truth.how is How.COMING and not is_connected(told)
    unseen = told.truth.how in (How.COMING, How.USABLE) and told.truth.struck  # it has come, and that could not be read
    return (seen or unseen) and told.at - told.truth.records[-1].ends_at >= STILL * TIMEOUTS.connect - SLACK


def scripts_never_end(told: Told) -> bool:
    """As for the agent."""
    return told.truth.how is How.COMING and is_connected(told) and (_starting_for(told) or 0.0) >= STILL * TIMEOUTS.scripts - SLACK


def bound_anew(told: Told) -> bool:
    """Ask whoever has given the chat another workspace, or none, meanwhile."""
    return told.truth.rebound_at >= told.began - PROOF


def closed(told: Told) -> bool:
    """Another chat is needed."""
    return told.truth.closed


def without_end(told: Told) -> bool:
    """One thing follows another, and nothing ends it."""
    return told.at - told.wished_at >= ALL - SLACK and (told.truth.how in NOT_DONE or told.truth.struck)


def is_connected(told: Told) -> bool:
    """Tell whether its agent is connected, whatever its scripts do."""
    it = told.truth.workspace
    return it is not None and bool(it.agents) and it.agents[0].connected_since_build and it.agents[0].disconnected_for is None


def _starting_for(told: Told) -> float | None:
    it = told.truth.workspace
    return None if it is None else it.agents[0].starting_for


# ------------------------------------------------------------------ administrators


def nobody_builds(told: Told) -> bool:
    """No provisioner is there."""
    it = told.truth.workspace
    return told.truth.how is How.UNDER_WAY and it is not None and it.build.provisioners == 0 and lasts(told) >= TIMEOUTS.build - SLOW - SLACK


def build_hangs(told: Told) -> bool:
    """Wait for a start, a stop or a deletion as long as the limit, and once more."""
    return told.truth.how is How.UNDER_WAY and lasts(told) >= STILL * TIMEOUTS.build - SLACK


def cannot_be_stopped(told: Told) -> bool:
    """Try it twice: it fails each time."""
    return told.truth.how is How.STOP_FAILED and len(failures(told, Transition.STOP)) >= TWICE


def away(told: Told) -> bool:
    """Platform, record or agent have not answered for long, and do not now; or for good."""
    return told.truth.for_good or told.truth.away_for >= TIMEOUTS.build - SLACK


def no_turn(told: Told) -> bool:
    """Somebody has it, or has died with it again and again, for as long as a build may take."""
    return told.truth.planned and told.at - told.wished_at >= TIMEOUTS.build - SLACK


def never_reached(told: Told) -> bool:
    """Start it anew first: that did not help."""
    dead = told.truth.how in (How.DEAD, How.LEAVING) or (told.truth.how in (How.USABLE, How.COMING) and told.truth.unreached)
    return dead and (starts(told) >= TWICE or any(it.transition is Transition.STOP for it in told.truth.records))


def agents_are_ambiguous(told: Told) -> bool:
    """Let the template's author mark one."""
    return told.truth.how is How.AMBIGUOUS


def out_of_sight(told: Told) -> bool:
    """Let somebody look who sees all: its name is taken by what is not shown."""
    return told.truth.out_of_sight and told.at - told.wished_at >= TIMEOUTS.build - SLACK


def never_opened(told: Told) -> bool:
    """Say so where the application does not know the chat."""
    return not told.truth.known


USERS: tuple[Cause, ...] = (
    *(somebody_canceled, no_quota, failed_again, on_their_host, not_there, nothing_to_choose, refused_again),
    *(somebody_stopped, stopped_each_time, agent_stays_away, scripts_never_end, closed, bound_anew, without_end),
)
ADMINISTRATORS: tuple[Cause, ...] = (
    *(nobody_builds, build_hangs, cannot_be_stopped, away, no_turn, never_reached, agents_are_ambiguous, out_of_sight, never_opened, without_end),
)
