"""Status and body become typed errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatworkspace import RefusedError, UnavailableError
from chatworkspace.ports import NameTakenError, NotAnsweredError, NotFoundError
from chatworkspace_coder._answers.contents import NotUnderstoodError, json_of
from chatworkspace_coder._answers.errors import (
    NoRouteError,
    ServerFailedError,
    error_of_change,
    error_of_read,
    may_pass,
    problem_of,
)
from chatworkspace_coder._http.messages import Answer
from tests.adapters.coder.payloads import NO_ROUTE, NOT_FOUND, PAGE, problem

TAKEN = problem('Workspace "dev" already exists.', name="This value is already in use and should be unique.")


def answer(status: int, body: object = None, **headers: str) -> Answer:
    return Answer(status=status, headers=headers, body=body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 409, 410, 412, 413, 422])
def test_a_refusal_is_coders_own_4xx(status: int) -> None:
    """What Coder says of the request is meant: nothing was made."""
    error = error_of_change(answer(status, problem("No.", "because", cpu="too many")), creates=True)
    assert isinstance(error, RefusedError)
    assert (error.message, error.detail, error.validations) == ("No.", "because", (("cpu", "too many"),))


def test_many_words_are_cut_and_say_so() -> None:
    """In a message of ours; a refusal has them whole, for it has fields for them."""
    said = answer(403, problem("No.", "why " * 1000 + "so"))
    told = str(error_of_read(said))
    assert len(told) == 2000
    assert told.startswith("No. why")
    assert "… [4006 characters, cut] " in told
    assert told.endswith("why so")
    refused = error_of_change(said, creates=True)
    assert isinstance(refused, RefusedError)
    assert refused.detail == "why " * 1000 + "so"


@pytest.mark.parametrize("status", [401, 406, 425, 429])
def test_what_does_not_speak_of_the_request_is_no_refusal(status: int) -> None:
    """The token, or the moment, as while a version is imported: it was not done, and waiting helps."""
    assert type(error_of_change(answer(status, problem("No.")), creates=True)) is UnavailableError


@pytest.mark.parametrize("status", [408, 499, 501, 502, 503, 504, 302, 100])
def test_what_another_says_of_coder_is_no_answer(status: int) -> None:
    """A gateway gave up: the request may still be under way."""
    error = error_of_change(answer(status, problem("The upstream server is timing out")), creates=True)
    assert isinstance(error, NotAnsweredError)
    assert error.in_flight


def test_coders_own_500_is_settled_by_a_look() -> None:
    """It is over, and nobody knows what came of it: an archived version and a lost race for a name are told so as well."""
    error = error_of_change(answer(500, problem("Archived template versions cannot be used to make a workspace.")), creates=True)
    assert isinstance(error, NotAnsweredError)
    assert not error.in_flight


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 409, 500, 502])
@pytest.mark.parametrize("body", [PAGE, b"", b"[]", b"null", b'{"message": 3}', b'{"error": "x"}', b"\xff\xfe", b"[" * 100_000])
def test_a_page_of_a_proxy_is_no_answer(status: int, body: bytes) -> None:
    """Whatever its status: Coder did not say it."""
    told = answer(status, body)
    assert isinstance(error_of_change(told, creates=True), NotAnsweredError)
    assert type(error_of_read(told)) in {UnavailableError, ServerFailedError}


@pytest.mark.parametrize("body", [TAKEN, problem("Taken", name="in use"), problem('Workspace "x" already exists.')])
def test_a_name_that_is_taken(body: dict[str, Any]) -> None:
    """Only of a creation, and only where the conflict is about the name."""
    assert isinstance(error_of_change(answer(409, body), creates=True), NameTakenError)
    assert isinstance(error_of_change(answer(409, body)), RefusedError)
    assert isinstance(error_of_change(answer(409, problem("A workspace build is already active.")), creates=True), RefusedError)


def test_a_missing_thing_is_told_from_a_missing_route() -> None:
    """Both are 404."""
    assert isinstance(error_of_read(answer(404, NOT_FOUND)), NotFoundError)
    assert isinstance(error_of_change(answer(404, NOT_FOUND)), NotFoundError)
    assert isinstance(error_of_change(answer(404, NOT_FOUND), creates=True), RefusedError)
    assert isinstance(error_of_read(answer(404, NO_ROUTE)), NoRouteError)
    assert isinstance(error_of_change(answer(404, NO_ROUTE), creates=True), NoRouteError)


@pytest.mark.parametrize(("status", "kind"), [(401, UnavailableError), (403, NotFoundError), (410, NotFoundError), (400, UnavailableError)])
def test_a_read_that_is_refused(status: int, kind: type[Exception]) -> None:
    """It says what Coder said; what may not be seen is as if it were not there."""
    error = error_of_read(answer(status, problem("No.", "because")))
    assert type(error) is kind
    assert "No. because" in str(error)


@pytest.mark.parametrize(
    ("told", "passes"),
    [
        (answer(429, problem("slow")), True),
        (answer(500, problem("oops")), True),
        (answer(502, PAGE), True),
        (answer(403, PAGE), True),
        (answer(404, PAGE), True),
        (answer(408, PAGE), True),
        (answer(200, PAGE), False),
        (answer(401, problem("who?")), False),
        (answer(401, PAGE), False),
        (answer(404, NOT_FOUND), False),
        (answer(400, problem("bad")), False),
        (answer(302, b""), False),
    ],
)
def test_what_may_pass(told: Answer, passes: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """A read is tried again only where that can help."""
    assert may_pass(told) is passes


@pytest.mark.parametrize(
    ("told", "seconds"), [("60", 60.0), ("0", 0.0), ("", None), ("-1", None), ("soon", None), ("1e9", None), ("9" * 50, None), ("²", None)]
)
def test_when_to_come_again(told: str, seconds: float | None) -> None:
    """Whole seconds; anything else is not there."""
    assert Answer(status=429, headers={"retry-after": told}).retry_after == seconds


@pytest.mark.parametrize("validations", [None, "x", [1], [{"field": 3}], {"field": "x"}])
def test_a_body_of_wrong_types(validations: object) -> None:
    """What is not text is left out; the message stays."""
    told = problem_of(answer(400, {"message": "No.", "detail": 7, "validations": validations}))
    assert told is not None
    assert str(told) == "No."


def test_half_a_surrogate_pair_is_replaced() -> None:
    """Every stream of UTF-8 can carry what comes out."""
    assert str(error_of_read(Answer(status=400, body=b'{"message": "\\ud800"}'))).encode("utf-8")


def test_a_long_message_is_cut() -> None:
    """A few lines are enough for a message; the body may be of any size."""
    assert len(str(error_of_read(answer(400, problem("x" * 10**6))))) < 3000


def test_what_is_no_json_is_not_quoted() -> None:
    """It is somebody's page: neither the error nor its cause shows it."""
    with pytest.raises(NotUnderstoodError) as failed:
        json_of(Answer(status=200, body=b"secret page"))
    assert failed.value.__context__ is None
    assert "secret" not in str(failed.value)
