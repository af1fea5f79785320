"""What to do next: decided by a table, whose rows are written down here once more, and a sentence for each advice that the table can give."""

from __future__ import annotations

import itertools

import attrs
import pytest

from chatworkspace import Advice, Reason
from chatworkspace._domain import advice
from chatworkspace._domain.advice import (
    BEYOND_PAUSE,
    FIRST_PAUSE,
    HTTP_STATUS,
    LONGEST_PAUSE,
    TABLE,
    Asked,
    Case,
    Row,
    Waited,
    advise,
    guide,
    http_status,
    later,
    longer,
    next_step_after,
    soon,
    worded,
)
from chatworkspace._domain.wording import BY_ADVICE, BY_REASON

PLAIN = [
    Case(reason=reason, asked=asked, waited=waited, repeated=repeated, lasting=lasting)
    for reason, asked, waited, repeated, lasting in itertools.product(Reason, Asked, Waited, (False, True), (False, True))
]
STOPPED = (Reason.NOT_RUNNING, Reason.DORMANT, Reason.STOP_FAILED)
CASES = [*PLAIN, *(attrs.evolve(case, by_person=True) for case in PLAIN if case.reason in (*STOPPED, Reason.BUILD_FAILED))]
EVERY = [*PLAIN, *(attrs.evolve(case, by_person=True) for case in PLAIN)]
ROWS: dict[Reason, str] = {
    Reason.CREATED: "nothing",
    Reason.EXISTING: "nothing",
    Reason.ADOPTED: "nothing",
    Reason.STARTED: "nothing",
    Reason.STOPPED: "nothing",
    Reason.ATTACHED: "nothing",
    Reason.DETACHED: "nothing",
    Reason.CHAT_CLOSED: "nothing, lasting ask_user",
    Reason.IN_PROGRESS: "call_again, beyond call_later, still ask_administrator",
    Reason.BUILD_QUEUED: "call_again, beyond call_later, still ask_administrator",
    Reason.NO_PROVISIONER: "call_again, beyond ask_administrator, still ask_administrator",
    Reason.STOPPING: "call_again, beyond call_later, still ask_administrator",
    Reason.AGENT_NOT_CONNECTED: "call_later, still ask_user",
    Reason.SCRIPTS_RUNNING: "call_later, still ask_user",
    Reason.SCRIPTS_FAILED: "nothing",
    Reason.NO_AGENT: "nothing",
    Reason.NO_WORKSPACE: "ask_user, stop nothing",
    Reason.INTERRUPTED_CREATION: "create, stop nothing",
    Reason.NOT_RUNNING: "start, repeated ask_user, stop nothing, look nothing, by_person ask_user",
    Reason.DORMANT: "start, repeated ask_user, stop nothing, look nothing, by_person ask_user",
    Reason.DELETED: "ask_user, stop nothing",
    Reason.BUILD_FAILED: "start, repeated ask_user, stop nothing",
    Reason.BUILD_CANCELED: "ask_user",
    Reason.QUOTA_FULL: "ask_user",
    Reason.STOP_FAILED: "start, stop call_again, look ask_user, repeated ask_administrator, by_person ask_user",
    Reason.DELETE_FAILED: "ask_user, stop call_again, repeated ask_administrator",
    Reason.AGENT_AMBIGUOUS: "ask_administrator",
    Reason.AGENT_TIMED_OUT: "stop_then_start, repeated ask_administrator",
    Reason.AGENT_LOST: "stop_then_start, repeated ask_administrator",
    Reason.AGENT_SHUT_DOWN: "stop_then_start, repeated ask_administrator",
    Reason.EXTERNAL_AGENT_OFFLINE: "ask_user",
    Reason.DIAL_FAILED: "stop_then_start, repeated ask_administrator",
    Reason.JOB_UNKNOWN: "call_later, still ask_administrator",
    Reason.NOT_VISIBLE: "ask_user",
    Reason.PLATFORM_UNAVAILABLE: "call_later, still ask_administrator, lasting ask_administrator",
    Reason.OUTCOME_UNKNOWN: "call_later, still ask_administrator, lasting ask_administrator",
    Reason.INTERRUPTED: "call_again",
    Reason.OVERTAKEN: "ask_user",
    Reason.REPLACED: "nothing",
    Reason.FIRST_BUILD_FAILED: "nothing",
    Reason.INVALID_ARGUMENT: "correct_arguments",
    Reason.CHAT_NOT_FOUND: "ask_administrator",
    Reason.OTHER_ORGANIZATION: "list_templates",
    Reason.TEMPLATE_NOT_FOUND: "list_templates",
    Reason.TEMPLATE_NOT_ALLOWED: "list_templates",
    Reason.TEMPLATE_EXTERNAL_AGENT: "list_templates",
    Reason.TEMPLATE_DEPRECATED: "list_templates",
    Reason.ALLOW_LIST_FAILED: "call_later, still ask_administrator",
    Reason.REFUSED: "correct_arguments, repeated ask_user, stop ask_user",
    Reason.STORE_UNAVAILABLE: "call_later, still ask_administrator, lasting ask_administrator",
    Reason.BUSY: "call_again, still ask_administrator, lasting nothing",
    Reason.CONNECT_FAILED: "call_again, repeated stop_then_start, still ask_administrator",
    Reason.NOT_READY: "nothing",
    Reason.DISCARDED: "ask_user",
    Reason.CLOSED: "call_later",
}
"""What is advised at first, and what else where it failed before, has a limit that is over, or was asked for by a stop or a look."""
MOVES = {Advice.CALL_AGAIN, Advice.CALL_LATER}


def expected(case: Case) -> Advice:
    """Read the row."""
    first, *others = ROWS[case.reason].split(", ")
    row = dict(it.split() for it in others)
    holds = {
        "lasting": case.lasting,
        "still": case.waited is Waited.STILL,
        "repeated": case.repeated,
        "stop": case.asked in (Asked.STOP, Asked.DELETE),
        "look": case.asked is Asked.LOOK,
        "by_person": case.by_person,
        "beyond": case.waited is not Waited.WITHIN,
    }
    return Advice(next((row[name] for name, holds_here in holds.items() if holds_here and name in row), first))


@pytest.mark.parametrize("reason", Reason)
def test_every_case_is_decided_by_its_row(reason: Reason) -> None:
    """What holds for good comes first, then what nothing has come of for long, what failed before, what was asked for, and how long it took."""
    wrong = [(case, advise(case)) for case in EVERY if case.reason is reason and advise(case) is not expected(case)]
    assert wrong[:1] == []  # to compare hundreds takes minutes


def test_every_reason_has_a_row_here_and_there() -> None:
    """None more."""
    assert set(TABLE) == set(ROWS) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_what_may_move_ends_with_a_person(reason: Reason) -> None:
    """Whoever is told to call again is told something else once nothing moves any more; interrupts and the end of a process are the host's own."""
    ends = {advise(case) for case in CASES if case.reason is reason and case.waited is Waited.STILL and case.repeated}
    assert not ends & MOVES or reason in (Reason.INTERRUPTED, Reason.CLOSED)


@pytest.mark.parametrize("reason", Reason)
def test_who_asked_for_a_stop_is_not_told_to_start(reason: Reason) -> None:
    """Nor to create: nothing is advised against the user's latest word."""
    against = {Advice.CREATE, Advice.START}
    given = {advise(case) for case in CASES if case.reason is reason and case.asked is Asked.STOP}
    assert not given & against


@pytest.mark.parametrize("reason", STOPPED)
def test_what_a_person_has_stopped_is_started_on_nobodys_advice(reason: Reason) -> None:
    """The user is asked, and the words say why; what the platform has stopped by itself may be started."""
    by_person = [case for case in CASES if case.reason is reason and case.by_person]
    assert Advice.START not in {advise(case) for case in by_person}
    assert advise(Case(reason=reason, asked=Asked.CREATE)) is Advice.START
    asked = guide(Case(reason=reason, asked=Asked.CREATE, by_person=True))
    assert (asked.advice, "sk the user whether it is to be" in asked.next_step) == (Advice.ASK_USER, True)


@pytest.mark.parametrize("reason", Reason)
def test_advice_is_a_sentence(reason: Reason) -> None:
    """It can be shown as it is: one line, from a capital to a full stop, without markup or a place to fill in."""
    for case in _cases_of(reason):
        told = guide(case)
        assert _is_a_sentence(told.next_step) if told.next_step else told.advice is Advice.NOTHING, case


def _is_a_sentence(text: str) -> bool:
    whole = text == " ".join(text.split()) and text[0].isupper() and text[-1] == "."
    return whole and not set(text) & set("{}<>`\n") and len(text) <= 200


def _cases_of(reason: Reason) -> list[Case]:
    return [case for case in CASES if case.reason is reason]


WORDS: dict[Advice, str] = {
    Advice.CALL_AGAIN: "again",
    Advice.CALL_LATER: "ake the same call again in 5 s",
    Advice.LIST_TEMPLATES: "template",
    Advice.READ_TEMPLATE: "template",
    Advice.CORRECT_ARGUMENTS: "orrect",
    Advice.START: "tart",
    Advice.STOP_THEN_START: "Stop the workspace, then start it.",
    Advice.CREATE: "Create the workspace",
    Advice.ASK_USER: "user",
    Advice.ASK_ADMINISTRATOR: "administrator",
}


@pytest.mark.parametrize("reason", Reason)
def test_the_words_say_what_the_advice_says(reason: Reason) -> None:
    """And after how many seconds, where some have to pass; nobody who is to do nothing is told to do something."""
    for case in _cases_of(reason):
        told = guide(case)
        assert told.advice is advise(case), case
        names_the_author = "template's author" in told.next_step
        assert WORDS.get(told.advice, "") in told.next_step or names_the_author, case
        assert (told.retry_after is not None) == (told.advice is Advice.CALL_LATER), case
        assert told.advice is not Advice.NOTHING or "Make the same call" not in told.next_step, case


@pytest.mark.parametrize("reason", Reason)
def test_a_reasons_own_sentence_comes_before_that_of_the_advice(reason: Reason) -> None:
    """It says what is the matter; where there is none, the advice's own does."""
    for given in Advice:
        assert worded(reason, given) == BY_REASON[reason].get(given, BY_ADVICE[given])


def test_the_time_to_wait_is_told_as_it_is_known() -> None:
    """Rounded up in the sentence; for who would call at once as well."""
    told = guide(Case(reason=Reason.IN_PROGRESS), retry_after=2.5)
    assert (told.advice, told.retry_after) == (Advice.CALL_AGAIN, 2.5)
    later_on = guide(Case(reason=Reason.IN_PROGRESS, waited=Waited.BEYOND), retry_after=61.2)
    assert (later_on.advice, later_on.retry_after) == (Advice.CALL_LATER, 61.2)
    assert "in 62 s" in later_on.next_step


@pytest.mark.parametrize(("waited", "pause"), [(0, BEYOND_PAUSE), (60, 60), (61, 61), (299, 299), (300, LONGEST_PAUSE), (9000, LONGEST_PAUSE)])
def test_what_takes_long_is_asked_for_ever_more_seldom(waited: float, pause: float) -> None:
    """A minute at first; as long as it has taken already, which doubles each time; 5 minutes at most."""
    assert longer(waited) == pause


@pytest.mark.parametrize(("away", "pause"), [(0, FIRST_PAUSE), (5, 5), (40, 40), (500, LONGEST_PAUSE)])
def test_what_is_away_is_asked_for_ever_more_seldom(away: float, pause: float) -> None:
    """After 5 seconds at first."""
    assert later(away) == pause


@pytest.mark.parametrize(("under_way", "pause"), [(0, 2), (8, 2), (9, 2.25), (100, 25), (120, 30), (9000, 30)])
def test_who_does_not_wait_comes_back_ever_later(under_way: float, pause: float) -> None:
    """After two seconds at first, then after a quarter of what it has taken, and half a minute at most."""
    assert soon(under_way) == pause


def test_a_platform_that_takes_no_more_requests_is_said_to() -> None:
    """With the time that it has said itself, in whole seconds."""
    assert next_step_after(2.5) == "The platform takes no more requests for now. Make the same call again in 3 s."


def test_a_web_server_has_a_status_for_every_error() -> None:
    """Of the client's making, or of ours: none says that all is well."""
    assert all(400 <= status < 600 for status in HTTP_STATUS.values())


@pytest.mark.parametrize(("reason", "status"), [(Reason.NO_WORKSPACE, 404), (Reason.DISCARDED, 410), (Reason.BUILD_FAILED, 409), (Reason.BUSY, 409)])
def test_what_has_no_status_of_its_own_is_a_conflict(reason: Reason, status: int) -> None:
    """The workspace is in a state in which it cannot be done."""
    assert http_status(reason) == status


THERE_IS_NONE = {Reason.NO_WORKSPACE, Reason.DELETED, Reason.DETACHED, Reason.DISCARDED, Reason.INTERRUPTED_CREATION}


@pytest.mark.parametrize("reason", sorted(set(Reason) - THERE_IS_NONE))
def test_a_live_workspace_is_never_advised_away(reason: Reason) -> None:
    """To create one is advised only where there is none; what cannot be reached is restarted."""
    assert Advice.CREATE not in {advise(case) for case in CASES if case.reason is reason}


def test_a_row_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them, in each of its columns, turned into whatever else it could be."""
    unnoticed, turned = list[str](), 0
    for reason, row in TABLE.items():
        cases = [(case, expected(case)) for case in EVERY if case.reason is reason]
        for column in attrs.fields_dict(Row):
            was = getattr(row, column)
            for wrong in Advice if was is not None else ():
                if wrong is was:
                    continue
                turned += 1
                with monkeypatch.context() as patched:
                    patched.setattr(advice, "TABLE", {**TABLE, reason: attrs.evolve(row, **{column: wrong})})
                    if all(advise(case) is right for case, right in cases):
                        unnoticed.append(f"{reason.value}: {column}: {wrong.value}")
    assert (unnoticed, turned) == (
        [],
        sum(getattr(row, it) is not None for row in TABLE.values() for it in attrs.fields_dict(Row)) * (len(Advice) - 1),
    )
