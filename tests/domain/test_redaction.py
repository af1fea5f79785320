"""Values that may be secret are found however the platform repeats them, and words stay."""

from __future__ import annotations

import html
import json
import shlex
from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import quote, quote_plus
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatworkspace import Build, Chat, JobStatus, Outcome, Progress, Reason, RefusedError, State, Transition, Workspace
from chatworkspace._domain.redaction import Redaction

ID = UUID(int=1)
SECRET = "p\"a$s'w\\o&r<d/é\U0001f511 x+y=z"  # noqa: S105 # one that every writing changes


def go(text: str) -> str:
    """Write JSON as Go does."""
    told = json.dumps(text, ensure_ascii=False)[1:-1]
    for character in "<>&\u2028\u2029":
        told = told.replace(character, f"\\u{ord(character):04x}")
    return told


WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON of Python": lambda it: json.dumps(it)[1:-1],
    "JSON with all characters": lambda it: json.dumps(it, ensure_ascii=False)[1:-1],
    "JSON of Go": go,
    "JSON in JSON": lambda it: json.dumps(json.dumps(it))[1:-1],
    "URL": lambda it: quote(it, safe=""),
    "form": quote_plus,
    "shell": shlex.quote,
    "shell, escaped": lambda it: "".join(f"\\{c}" if c in "\\\"'$`!&|;<>()[]{}*?#~ " else c for c in it),
    "HTML": html.escape,
    "HTML of Go": lambda it: html.escape(it).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "DOS lines": lambda it: it.replace("\n", "\r\n"),
    "lines": lambda it: "\n  | ".join(it.split("\n")),
    "cut by the platform": lambda it: it[: max(len(it) * 2 // 3, 8)],
}
"""As the standard library and others write it, not as the code under test does."""


def shows(text: str, secret: str) -> list[str]:
    """Return the runs of eight characters of the secret that a text shows, in any writing."""
    runs = [secret[at : at + 8] for at in range(len(secret) - 7)]
    return [run for run in runs for write in (str, WRITTEN["JSON of Python"], go, WRITTEN["URL"], html.escape) if write(run) in text]


@pytest.mark.parametrize("writing", WRITTEN)
@given(secret=st.text(st.characters(codec="utf-8"), min_size=8, max_size=60), around=st.text("abc .:\n", max_size=20))
def test_no_run_of_a_secret_is_shown(writing: str, secret: str, around: str) -> None:
    """Eight of its characters in a row, wherever it stands and however it is written."""
    told = Redaction({"token": secret}).of_text(f"{around}{WRITTEN[writing](secret)}{around}")
    assert shows(told, secret) == [] or set(secret) <= set("abc .:\n")


@given(st.text(), st.text(min_size=8))
def test_a_text_without_the_secret_is_unchanged(text: str, secret: str) -> None:
    """Nothing is taken out for looking like something."""
    unlike = "\ue000".join(secret)  # a character of nobody's between each two
    assert Redaction({"token": unlike}).of_text(text) == text


def test_words_stay() -> None:
    """What is shorter than eight characters, and what everybody can see as an option, is no secret."""
    said = "region eu-west-1 has no machine of size large"
    without = Redaction({"region": "eu-west-1", "size": "large", "count": "2"}, public={"eu-west-1"})
    assert without.of_text(said) == said


def test_a_masked_value_goes_however_short() -> None:
    """The template's author says that it is secret."""
    assert Redaction({"pin": "1234", "size": "large"}, masked={"pin"}).of_text("pin 1234 for large") == "pin … for large"


def _outcome() -> Outcome:
    build = Build(id=ID, number=1, transition=Transition.START, job_status=JobStatus.FAILED, template_version_id=ID, error=f"bad {SECRET}")
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    workspace = Workspace(id=ID, name="w", owner_id=ID, owner_name="me", organization_id=ID, template_id=ID, created_at=at, build=build)
    chat = Chat(id="c", owner_id=ID, organization_id=ID, generation=1, workspace_id=ID)
    return Outcome(
        chat=chat,
        state=State.FAILED,
        reason=Reason.BUILD_FAILED,
        error=f"bad {SECRET}",
        log_tail=("fine", f"export TOKEN={json.dumps(SECRET)}"),
        workspace=workspace,
    )


def test_every_field_that_tells_is_looked_at() -> None:
    """Error, log and the build's own error, also as an outcome at the end of progress; what is without it stays."""
    without = Redaction({"token": SECRET})
    told = without.of_outcome(_outcome())
    step = Progress(chat_id="c", generation=1, at=datetime(2026, 1, 1, tzinfo=timezone.utc), elapsed=1, line=f"> {SECRET}", outcome=_outcome())
    for shown in (told, without.of_progress(step)):
        assert shows(repr(shown), SECRET) == []
    assert told.log_tail[0] == "fine"
    assert without.of_progress(attrs.evolve(step, line="fine", outcome=None)).line == "fine"


def test_a_refusal_tells_it_nowhere() -> None:
    """Message, detail, validations, and the arguments from which its text and repr are made."""
    error = RefusedError(f"no {SECRET}", detail=go(SECRET), validations=[("token", f"{SECRET} is too long")])
    Redaction({"token": SECRET}).of_error(error)
    assert shows("".join((str(error), repr(error), error.message, error.detail, repr(error.validations))), SECRET) == []
