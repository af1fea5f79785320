"""What to do next: decided by a table first, worded afterwards. Read by models and people alike. Pure.

A model does what it is told, so a row here is a decision, and a wrong one is a bug with consequences: a model that is told to call again for ever
does. No row advises against the latest word of the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from math import ceil

import attrs

from chatworkspace._domain.wording import BY_ADVICE, BY_PERSON, BY_REASON, LATER
from chatworkspace.model import Advice, Reason

FIRST_PAUSE = 5.0
"""Seconds after which what did not answer is asked again."""
SHORTEST_PAUSE = 2.0
"""Seconds that lie between two calls of somebody who does not wait."""
LONGEST_SOON = 30.0
BEYOND_PAUSE = 60.0
"""Seconds after which somebody comes back to what has taken longer than its limit."""
LONGEST_PAUSE = 300.0
OFTEN = 3
"""Failures of one kind in a row, each in other words: whoever only starts again does not overcome them."""
AT_ONCE = 60.0
"""Seconds: whoever stops what was started so short a time ago does not do so because it has been used for long enough."""


class Asked(Enum):
    """What the caller wants of the workspace, by the call that it has made."""

    LOOK = "look"
    CREATE = "create"
    START = "start"
    STOP = "stop"
    DELETE = "delete"


class Waited(Enum):
    """How long what is under way has taken, whoever waited for it."""

    WITHIN = "within"
    """Its limit is not over."""
    BEYOND = "beyond"
    """It is, and something has moved since, or not enough time has passed to tell."""
    STILL = "still"
    """Nothing has moved for as long as the limit again."""


@attrs.frozen(kw_only=True)
class Case:
    """What the advice depends on.

    reason: why the call ended. asked: what was wanted. waited: how long it has taken. repeated: it failed before, in the same way.
    lasting: the same call cannot succeed. by_person: what is to be started was to be stopped, by somebody's word and not by the platform's own.
    """

    reason: Reason
    asked: Asked = Asked.LOOK
    waited: Waited = Waited.WITHIN
    repeated: bool = False
    lasting: bool = False
    by_person: bool = False


@attrs.frozen(kw_only=True)
class Row:
    """What is advised for a reason: at first, and where it differs by what else is known of the case.

    stop: to whoever asked for a stop or a deletion: it is not to be used any more.
    """

    first: Advice
    repeated: Advice | None = None
    beyond: Advice | None = None
    still: Advice | None = None
    stop: Advice | None = None
    look: Advice | None = None
    lasting: Advice | None = None
    by_person: Advice | None = None


@attrs.frozen(kw_only=True)
class Guidance:
    """What a caller is told to do.

    advice: to decide by. next_step: the same in one sentence; empty when there is nothing to do. retry_after: seconds before which nothing is to be
    asked again; None: none need pass.
    """

    advice: Advice
    next_step: str
    retry_after: float | None = None


_AGAIN, _LATER = Advice.CALL_AGAIN, Advice.CALL_LATER
_USER, _ADMIN, _NONE = Advice.ASK_USER, Advice.ASK_ADMINISTRATOR, Advice.NOTHING
_LIST, _CORRECT = Advice.LIST_TEMPLATES, Advice.CORRECT_ARGUMENTS
_START, _RESTART, _CREATE = Advice.START, Advice.STOP_THEN_START, Advice.CREATE

TABLE: Mapping[Reason, Row] = {
    Reason.CREATED: Row(first=_NONE),
    Reason.EXISTING: Row(first=_NONE),
    Reason.ADOPTED: Row(first=_NONE),
    Reason.STARTED: Row(first=_NONE),
    Reason.STOPPED: Row(first=_NONE),
    Reason.ATTACHED: Row(first=_NONE),
    Reason.DETACHED: Row(first=_NONE),
    Reason.CHAT_CLOSED: Row(first=_NONE, lasting=_USER),
    Reason.IN_PROGRESS: Row(first=_AGAIN, beyond=_LATER, still=_ADMIN),
    Reason.BUILD_QUEUED: Row(first=_AGAIN, beyond=_LATER, still=_ADMIN),
    Reason.NO_PROVISIONER: Row(first=_AGAIN, beyond=_ADMIN, still=_ADMIN),
    Reason.STOPPING: Row(first=_AGAIN, beyond=_LATER, still=_ADMIN),
    Reason.AGENT_NOT_CONNECTED: Row(first=_LATER, still=_USER),
    Reason.SCRIPTS_RUNNING: Row(first=_LATER, still=_USER),
    Reason.SCRIPTS_FAILED: Row(first=_NONE),
    Reason.NO_AGENT: Row(first=_NONE),
    Reason.NO_WORKSPACE: Row(first=_USER, stop=_NONE),
    Reason.INTERRUPTED_CREATION: Row(first=_CREATE, stop=_NONE),
    Reason.NOT_RUNNING: Row(first=_START, repeated=_USER, stop=_NONE, look=_NONE, by_person=_USER),
    Reason.DORMANT: Row(first=_START, repeated=_USER, stop=_NONE, look=_NONE, by_person=_USER),
    Reason.DELETED: Row(first=_USER, stop=_NONE),
    Reason.BUILD_FAILED: Row(first=_START, repeated=_USER, stop=_NONE),
    Reason.BUILD_CANCELED: Row(first=_USER),
    Reason.QUOTA_FULL: Row(first=_USER),
    Reason.STOP_FAILED: Row(first=_START, stop=_AGAIN, look=_USER, repeated=_ADMIN, by_person=_USER),
    Reason.DELETE_FAILED: Row(first=_USER, stop=_AGAIN, repeated=_ADMIN),
    Reason.AGENT_AMBIGUOUS: Row(first=_ADMIN),
    Reason.AGENT_TIMED_OUT: Row(first=_RESTART, repeated=_ADMIN),
    Reason.AGENT_LOST: Row(first=_RESTART, repeated=_ADMIN),
    Reason.AGENT_SHUT_DOWN: Row(first=_RESTART, repeated=_ADMIN),
    Reason.EXTERNAL_AGENT_OFFLINE: Row(first=_USER),
    Reason.DIAL_FAILED: Row(first=_RESTART, repeated=_ADMIN),
    Reason.JOB_UNKNOWN: Row(first=_LATER, still=_ADMIN),
    Reason.NOT_VISIBLE: Row(first=_USER),
    Reason.PLATFORM_UNAVAILABLE: Row(first=_LATER, still=_ADMIN, lasting=_ADMIN),
    Reason.OUTCOME_UNKNOWN: Row(first=_LATER, still=_ADMIN, lasting=_ADMIN),
    Reason.INTERRUPTED: Row(first=_AGAIN),
    Reason.OVERTAKEN: Row(first=_USER),
    Reason.REPLACED: Row(first=_NONE),
    Reason.FIRST_BUILD_FAILED: Row(first=_NONE),
    Reason.INVALID_ARGUMENT: Row(first=_CORRECT),
    Reason.CHAT_NOT_FOUND: Row(first=_ADMIN),
    Reason.OTHER_ORGANIZATION: Row(first=_LIST),
    Reason.TEMPLATE_NOT_FOUND: Row(first=_LIST),
    Reason.TEMPLATE_NOT_ALLOWED: Row(first=_LIST),
    Reason.TEMPLATE_EXTERNAL_AGENT: Row(first=_LIST),
    Reason.TEMPLATE_DEPRECATED: Row(first=_LIST),
    Reason.ALLOW_LIST_FAILED: Row(first=_LATER, still=_ADMIN),
    Reason.REFUSED: Row(first=_CORRECT, repeated=_USER, stop=_USER),
    Reason.STORE_UNAVAILABLE: Row(first=_LATER, still=_ADMIN, lasting=_ADMIN),
    Reason.BUSY: Row(first=_AGAIN, still=_ADMIN, lasting=_NONE),
    Reason.CONNECT_FAILED: Row(first=_AGAIN, repeated=_RESTART, still=_ADMIN),
    Reason.NOT_READY: Row(first=_NONE),
    Reason.DISCARDED: Row(first=_USER),
    Reason.CLOSED: Row(first=_LATER),
}


def advise(case: Case) -> Advice:
    """Return what the table has for a case: what holds for good comes first, and what nothing has come of for long before what failed twice."""
    row = TABLE[case.reason]
    columns = (
        row.lasting if case.lasting else None,
        row.still if case.waited is Waited.STILL else None,
        row.repeated if case.repeated else None,
        row.stop if case.asked in (Asked.STOP, Asked.DELETE) else None,
        row.look if case.asked is Asked.LOOK else None,
        row.by_person if case.by_person else None,
        row.beyond if case.waited is not Waited.WITHIN else None,
    )
    return next((it for it in columns if it is not None), row.first)


def guide(case: Case, *, retry_after: float | None = None) -> Guidance:
    """Return the advice for a case, in words too. retry_after: seconds before which asking again is in vain, if that is known."""
    advice = advise(case)
    if case.by_person and not case.repeated and advice is Advice.ASK_USER and case.reason in BY_PERSON:
        return Guidance(advice=advice, next_step=BY_PERSON[case.reason])
    if advice is Advice.CALL_AGAIN and retry_after is None:
        return Guidance(advice=advice, next_step=worded(case.reason, advice))
    if advice in (Advice.CALL_AGAIN, Advice.CALL_LATER):
        seconds = FIRST_PAUSE if retry_after is None else retry_after
        return Guidance(advice=advice, next_step=worded(case.reason, advice, seconds), retry_after=seconds)
    return Guidance(advice=advice, next_step=worded(case.reason, advice))


def worded(reason: Reason, advice: Advice, seconds: float | None = None) -> str:
    """Return the sentence; empty when there is nothing to do and nothing to say. seconds: after which the call is to be made again."""
    sentences = BY_REASON[reason]
    sentence = sentences[advice] if advice in sentences else BY_ADVICE[advice]
    return sentence if seconds is None else sentence.replace(LATER, f"in {ceil(seconds)} s")


def next_step_after(seconds: float) -> str:
    """Return the sentence for a platform that takes no more requests for so long."""
    return f"The platform takes no more requests for now. Make the same call again in {ceil(seconds)} s."


def longer(waited: float) -> float:
    """Return after how many seconds to come back to what has taken so many seconds more than its limit: ever later."""
    return min(max(waited, BEYOND_PAUSE), LONGEST_PAUSE)


def soon(under_way: float) -> float:
    """Return after how many seconds to come back to what has been under way for so many, for somebody who does not wait: ever later."""
    return min(max(under_way / 4, SHORTEST_PAUSE), LONGEST_SOON)


def later(away: float) -> float:
    """Return after how many seconds to ask again what has been away for so many."""
    return min(max(away, FIRST_PAUSE), LONGEST_PAUSE)


CONFLICT = 409
HTTP_STATUS: Mapping[Reason, int] = {
    Reason.INVALID_ARGUMENT: 400,
    Reason.CHAT_NOT_FOUND: 404,
    Reason.NO_WORKSPACE: 404,
    Reason.TEMPLATE_NOT_FOUND: 404,
    Reason.TEMPLATE_NOT_ALLOWED: 403,
    Reason.OTHER_ORGANIZATION: 403,
    Reason.REFUSED: 422,
    Reason.CHAT_CLOSED: 410,
    Reason.DISCARDED: 410,
    Reason.DELETED: 410,
    Reason.CONNECT_FAILED: 502,
    Reason.NOT_VISIBLE: 404,
    Reason.ALLOW_LIST_FAILED: 503,
    Reason.PLATFORM_UNAVAILABLE: 503,
    Reason.STORE_UNAVAILABLE: 503,
    Reason.OUTCOME_UNKNOWN: 503,
    Reason.INTERRUPTED: 503,
    Reason.CLOSED: 503,
}


def http_status(reason: Reason) -> int:
    """Return the HTTP status that fits an error of this reason: 409 where the workspace is in a state in which it cannot be done."""
    return HTTP_STATUS.get(reason, CONFLICT)
