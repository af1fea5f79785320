"""What must hold of every game of the obedient player."""

from __future__ import annotations

from chatworkspace import Advice
from tests.obedience.bounds import most_calls, most_seconds, spent
from tests.obedience.player import ENDS
from tests.obedience.right import what_is_wrong
from tests.obedience.worlds import Played


def problems(played: Played) -> list[str]:
    """Return what breaks a rule of guidance."""
    return [f"seed {played.seed}: {rule.__name__}: {problem}" for rule in RULES if (problem := rule(played))]


def led_somewhere(played: Played) -> str:
    """Lead the player to what it wants, or to a person."""
    return "" if all(end in ENDS for end in played.ends) else f"after {len(played.told)} calls: {played.told[-1]}"


def led_rightly(played: Played) -> str:
    """Say nothing that is not so, by how the world is: what holds, what is waited for, what helps, and who must act."""
    for number, told in enumerate(played.told, 1):
        wrong = what_is_wrong(told, watched=played.watched)
        if wrong:
            return f"call {number}, {told.tool}, {told.advice and told.advice.value} ({told.content.get('reason')}): {wrong}; {told.truth.how}"
    return ""


def in_few_calls(played: Played) -> str:
    """Make few, and wait for no longer than the world takes, by the limits, since somebody else has changed something."""
    since = [it for it in played.told if it.began > played.changed_at]
    calls, seconds = most_calls(played), most_seconds(played)
    if len(since) > calls:
        return f"{len(since)} calls, of {calls:.0f} at most, the last: {since[-1]}"
    return "" if spent(since) <= seconds else f"{spent(since):.0f} seconds, of {seconds:.0f} at most, the last: {since[-1]}"


def one_live(played: Played) -> str:
    """Never two."""
    return "" if played.live <= 1 or played.rebound or (played.renamed and played.faults) else f"{played.live} live workspaces"


def not_against_the_user(played: Played) -> str:
    """Who has asked for a stop is not told to start."""
    wrong = [it for it in played.told if it.tool == "stop_workspace" and it.advice in (Advice.START, Advice.CREATE)]
    return "" if not wrong else str(wrong[0])


def no_third_time(played: Played) -> str:
    """Do not advise a start once more that failed twice with the same error, nor one that failed three times in any words.

    Each process knows what it has seen itself, since the workspace was ready last. What was changed in the template since makes it another build.
    """
    failed: list[str] = []
    for it in played.told:
        if it.advice is Advice.NOTHING and it.content.get("state") == "ready":
            failed = []
        if it.began >= played.builds_changed_at and it.content.get("reason") == "build_failed" and it.advice is Advice.START:
            failed.append(str(it.content.get("error")).partition(": ")[2])
    same = max((failed.count(error) for error in failed), default=0)
    most, once = 2 * played.processes, played.processes
    return "" if len(failed) <= most and same <= once else f"{len(failed)} starts advised, {same} of them after the same error"


def patient_with_who_does_not_wait(played: Played) -> str:
    """Say when the next call may come, where one that waits for nothing is not done, and wherever it is to come later."""
    again = [it for it in played.told if it.advice is Advice.CALL_LATER or (it.advice is Advice.CALL_AGAIN and played.wait == 0)]
    least = 2 if played.wait == 0 else 1  # a platform may say that it takes requests again after a second
    wrong = [it for it in again if float(it.content.get("retry_after", 0)) < least and it.tool != "connect"]
    return "" if not wrong else str(wrong[0])


def asks_only_where_it_is_needed(played: Played) -> str:
    """Ask nobody where all goes well."""
    return "" if not played.smooth or set(played.ends) == {Advice.NOTHING} else str(played.told[-1])


def leaves_nothing_behind(played: Played) -> str:
    """Files are lost on nobody's word: nothing is left but what was there before the player, where it asks for another in its place.

    And what has no files, for its first build has failed.
    """
    left = [it for it in played.told if "left_behind" in it.content and not played.rebound]
    left = [it for it in left if it.content["left_behind"]["reason"] != "first_build_failed"]
    wrong = [it for it in left if it.content["left_behind"]["workspace_id"] != str(played.replaces)]
    return "" if not wrong else str(wrong[0])


def has_another(played: Played) -> str:
    """Who wants another workspace in place of the one that is there has another, once all that is to be done is done."""
    done = played.replaces is not None and not played.rebound and played.told[0].tool != "list_templates" and played.ends[0] is Advice.NOTHING
    last = played.plays[0][-1]
    return str(last) if done and last.content.get("workspace_id") == str(played.replaces) else ""


def tells_what_it_made(played: Played) -> str:
    """Say that the workspace was made in each result of the call that made it, and in that which ends it; and in none where nothing was made."""
    created = [it.content.get("created") for it in played.told if it.tool == "create_workspace"]
    if not played.made:
        return "" if not any(created) else "nothing was made"
    return "" if not played.smooth or played.processes > 1 or all(created) else str(created)


RULES = (
    led_somewhere,
    led_rightly,
    in_few_calls,
    asks_only_where_it_is_needed,
    tells_what_it_made,
    one_live,
    leaves_nothing_behind,
    has_another,
    not_against_the_user,
    no_third_time,
    patient_with_who_does_not_wait,
)
