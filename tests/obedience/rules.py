"""What must hold of every game of the obedient player."""

from __future__ import annotations

from chatworkspace import Advice
from tests.obedience.player import ENDS
from tests.obedience.worlds import FEW, LIMITS, MOST_BUILDS, SHORTEST, Played


def problems(played: Played) -> list[str]:
    """Return what breaks a rule of guidance."""
    return [f"seed {played.seed}: {rule.__name__}: {problem}" for rule in RULES if (problem := rule(played))]


def led_somewhere(played: Played) -> str:
    """Lead the player to what it wants, or to a person."""
    return "" if all(end in ENDS for end in played.ends) else f"after {len(played.told)} calls: {played.told[-1]}"


def in_few_calls(played: Played) -> str:
    """Twenty, and as many as waiting takes by the limits of what was under way, since somebody else has changed something."""
    since = [it for it in played.told if it.at > played.changed_at]
    step = max(LIMITS if played.wait is None else played.wait, SHORTEST)
    builds = {it.content["build_id"] for it in since if "build_id" in it.content}  # each has its limits; few may follow one another
    most = FEW + 2 * LIMITS * min(max(len(played.ends), len(builds)), MOST_BUILDS) / step
    return "" if len(since) <= most else f"{len(since)} calls, of {most:.0f} at most, the last: {since[-1]}"


def one_live(played: Played) -> str:
    """Never two."""
    return "" if played.live <= 1 or (played.renamed and played.faults) else f"{played.live} live workspaces"


def not_against_the_user(played: Played) -> str:
    """Who has asked for a stop is not told to start."""
    wrong = [it for it in played.told if it.tool == "stop_workspace" and it.advice in (Advice.START, Advice.CREATE)]
    return "" if not wrong else str(wrong[0])


def no_third_time(played: Played) -> str:
    """Do not advise a start once more that failed twice with the same error."""
    failed = [it for it in played.told if it.content.get("reason") == "build_failed" and it.advice is Advice.START]
    return "" if len(failed) <= played.processes or played.changed_at else str(failed[-1])


def patient_with_who_does_not_wait(played: Played) -> str:
    """Say when the next call may come, where one that waits for nothing is not done, and wherever it is to come later."""
    again = [it for it in played.told if it.advice is Advice.CALL_LATER or (it.advice is Advice.CALL_AGAIN and played.wait == 0)]
    least = 2 if played.wait == 0 else 1  # a platform may say that it takes requests again after a second
    wrong = [it for it in again if float(it.content.get("retry_after", 0)) < least]
    return "" if not wrong else str(wrong[0])


def asks_only_where_it_is_needed(played: Played) -> str:
    """Ask nobody where all goes well."""
    return "" if not played.smooth or set(played.ends) == {Advice.NOTHING} else str(played.told[-1])


def leaves_nothing_behind(played: Played) -> str:
    """Files are lost on nobody's word: the player has never asked for another workspace in place of the one that it has."""
    left = [it for it in played.told if "left_behind" in it.content]
    return "" if not left else str(left[0])


def tells_what_it_made(played: Played) -> str:
    """Say that the workspace was made in each result of the call that made it, and in that which ends it; and in none where nothing was made."""
    created = [it.content.get("created") for it in played.told if it.tool == "create_workspace"]
    if not played.made:
        return "" if not any(created) else "nothing was made"
    return "" if not played.smooth or played.processes > 1 or all(created) else str(created)


RULES = (
    led_somewhere,
    in_few_calls,
    asks_only_where_it_is_needed,
    tells_what_it_made,
    one_live,
    leaves_nothing_behind,
    not_against_the_user,
    no_third_time,
    patient_with_who_does_not_wait,
)
