"""Values that may be secret are found however the platform repeats them, and words stay."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import traceback
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatworkspace import Build, Chat, InvalidArgumentError, JobStatus, Outcome, Progress, Reason, RefusedError, State, Transition, Workspace
from chatworkspace._domain.answers import told_not_applied, unknown_parameters
from chatworkspace._domain.redaction import ARGUMENTS, Redaction, secret_values, words_of
from chatworkspace._domain.texts import visible
from chatworkspace.ports import Option, Parameter

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
    "HTML without quotes": lambda it: html.escape(it, quote=False),
    "JSON with slashes": lambda it: json.dumps(it, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    "Python": lambda it: repr(it)[1:-1],
    "bytes of Python": lambda it: repr(it.encode())[2:-1],
    "URL in a URL": lambda it: quote(quote(it, safe=""), safe=""),
    "base64": lambda it: base64.b64encode(it.encode()).decode(),
    "base64 behind something": lambda it: base64.b64encode(f"{len(it)}:{it}".encode()).decode(),
    "base64 in a URL": lambda it: base64.urlsafe_b64encode(f"token={it}".encode()).decode(),
    "DOS lines": lambda it: it.replace("\n", "\r\n"),
    "coloured": lambda it: "\x1b[1m".join(it[at : at + 3] for at in range(0, len(it), 3)),
    "with what nobody sees": "\u200b".join,
    "lines": lambda it: "\n  | ".join(it.split("\n")),
    "cut by the platform": lambda it: it[: max(len(it) * 2 // 3, 8)],
}
"""As the standard library and others write it, not as the code under test does."""


BY_CHARACTER = tuple(
    WRITTEN[it]
    for it in (
        "plain",
        "JSON of Python",
        "JSON with all characters",
        "JSON of Go",
        "JSON in JSON",
        "JSON with slashes",
        "URL",
        "form",
        "URL in a URL",
        "shell, escaped",
        "HTML",
        "HTML of Go",
        "HTML without quotes",
        "Python",
        "bytes of Python",
    )
)
"""Writings of a whole of which a part is the writing of a part."""
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11,}")


def shows(text: str, secret: str) -> list[str]:
    """Return the runs of eight characters of the secret that a text shows, in any writing; blanks are no secret, nor is how an address begins."""
    runs = [secret[at : at + 8] for at in range(len(secret) - 7) if secret[at : at + 8].strip() and secret[at : at + 8] != "https://"]
    bare = visible(text)
    decoded = b" ".join(from_base64(found[0]) for found in BASE64.finditer(text))
    written = [run for run in runs for write in BY_CHARACTER if write(run) in text or write(run) in bare]
    return written + [run for run in runs if run.encode() in decoded]


def from_base64(text: str) -> bytes:
    """Return all that a text may stand for, wherever it was cut."""
    plain = text.translate(str.maketrans("-_", "+/"))
    parts = (plain[at : at + (len(plain) - at) // 4 * 4] for at in range(4))
    return b" ".join(base64.b64decode(it) for it in parts)


@pytest.mark.once
@pytest.mark.parametrize("writing", WRITTEN)
@settings(deadline=None, derandomize=True, max_examples=40)
@given(secret=st.text(st.characters(codec="utf-8"), min_size=8, max_size=60), around=st.text("abc .:\n", max_size=20))
def test_no_run_of_a_secret_is_shown(writing: str, secret: str, around: str) -> None:
    """Eight of its characters in a row, wherever it stands and however it is written."""
    told = visible(Redaction(secret_values([("token", secret)])).of_text(f"{around}{WRITTEN[writing](secret)}{around}"))
    assert shows(told, secret) == [] or set(secret) <= set("abc .:\n") or secret.isspace()


@settings(deadline=None, derandomize=True)
@given(st.text(), st.text(min_size=8))
def test_a_text_without_the_secret_is_unchanged(text: str, secret: str) -> None:
    """Nothing is taken out for looking like something."""
    unlike = "\ue000".join(secret)  # a character of nobody's between each two
    assert Redaction([unlike]).of_text(text) == text


def taken_out(text: str, given: dict[str, str], *asked: Parameter) -> str:
    """Return a text without what is secret of these values, as far as these parameters tell."""
    return Redaction(secret_values(given.items(), asked)).of_text(text)


REGION = Parameter(name="region", options=(Option(name="West", value="eu-west-1"), Option(name="East", value="eu-east-1")))


def test_words_stay() -> None:
    """What is shorter than eight characters, and what everybody can see as an option or a default, is no secret."""
    said = "region eu-west-1 has no machine of size large, image ubuntu-24.04"
    given = {"region": "eu-west-1", "size": "large", "count": "2", "image": "ubuntu-24.04"}
    assert taken_out(said, given, REGION, Parameter(name="image", default="ubuntu-24.04")) == said
    assert taken_out(said, given) == "region … has no machine of size large, image …"
    assert taken_out(said, given, Parameter(name="region"), Parameter(name="image")) == "region … has no machine of size large, image …"


@pytest.mark.parametrize(
    "parameter",
    [Parameter(name="pin", masked=True), Parameter(name="pin", masked=True, default="1234"), Parameter(name="pin", ephemeral=True)],
    ids=["masked", "masked, and its default", "typed in for one build"],
)
def test_a_masked_value_goes_however_short(parameter: Parameter) -> None:
    """The template's author says that it is secret; so is what is typed in for one build only."""
    assert taken_out("pin 1234 for large", {"pin": "1234", "size": "large"}, parameter) == "pin … for large"


def test_what_one_build_is_asked_to_do_stays() -> None:
    """Of a parameter for one build, a flag and an option are words."""
    asked = (Parameter(name="reset", type="bool", ephemeral=True), attrs.evolve(REGION, ephemeral=True))
    assert taken_out("reset is true in eu-west-1", {"reset": "true", "region": "eu-west-1"}, *asked) == "reset is true in eu-west-1"


def test_each_text_of_a_list_is_judged_by_itself() -> None:
    """Options stay, whatever they are listed with; of a list that cannot be read all of it may be secret."""
    asked = attrs.evolve(REGION, type="list(string)")
    said = "no eu-west-1 for t0p-s3cret, nor eu-east-1"
    assert taken_out(said, {"region": '["eu-west-1", "t0p-s3cret", "eu-east-1", 7]'}, asked) == "no eu-west-1 for …, nor eu-east-1"
    for odd in ('["eu-west-1"', '"eu-west-1"', "[" * 100_000):
        assert taken_out(f"no {odd[:20]}", {"region": odd}, asked) != f"no {odd[:20]}"


def test_what_many_values_begin_with_stays() -> None:
    """Blanks, and what stands before every address, are nobody's secret."""
    said = "        see https://coder.test/help"
    assert taken_out(said, {"url": "https://git.example/x", "text": "{\n        }"}) == said


def test_a_long_text_is_looked_through_in_time() -> None:
    """A hundred kilobytes for a long value, in all writings, beside one of a single character."""
    secret = "".join(chr(0x4E00 + at % 5000) for at in range(2048))
    masked = Parameter(name="pin", masked=True)
    text = "x" * 50_000 + "\\u4e" * 12_500
    assert taken_out(text + secret[:8] + "y", {"token": secret, "pin": "y"}, masked) == text + "…"


def _outcome() -> Outcome:
    failed: dict[str, Any] = {"job_status": JobStatus.FAILED, "error": f"bad {SECRET}", "error_code": SECRET}
    build = Build(id=ID, number=1, transition=Transition.START, template_version_id=ID, **failed)
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
        not_applied={"parameters": f"not {SECRET}", "name": "n"},
    )


def test_every_field_that_tells_is_looked_at() -> None:
    """Error, log, what had no effect, and the build's own error and code, also as an outcome at the end of progress; what is without it stays."""
    without = Redaction([SECRET])
    told = without.of_outcome(_outcome())
    step = Progress(chat_id="c", generation=1, at=datetime(2026, 1, 1, tzinfo=timezone.utc), elapsed=1, line=f"> {SECRET}", outcome=_outcome())
    for shown in (told, without.of_progress(step)):
        assert shows(json.dumps(shown.as_dict(), ensure_ascii=False) + repr(shown), SECRET) == []
    assert all(without.meets([text]) is bool(shows(text, SECRET)) for text in words_of(step))
    assert not without.meets(words_of(told))
    assert told.log_tail[0] == "fine"
    assert without.of_progress(attrs.evolve(step, line="fine", outcome=None)).line == "fine"


def test_a_refusal_tells_it_nowhere() -> None:
    """Message, detail, validations, and the arguments from which its text and repr are made."""
    error = RefusedError(f"no {SECRET}", detail=go(SECRET), validations=[("token", f"{SECRET} is too long")])
    Redaction([SECRET]).of_error(error)
    assert shows("".join((str(error), repr(error), error.message, error.detail, repr(error.validations))), SECRET) == []
    assert not Redaction([SECRET]).meets(words_of(error))


def test_nor_do_the_errors_behind_it() -> None:
    """A log tells them all: causes, and what was being handled; one that is its own cause ends nothing."""
    last, cause, handled = ValueError(SECRET, 7), KeyError(SECRET), OSError(2, SECRET)
    last.__cause__, last.__context__, cause.__context__ = cause, handled, last
    assert Redaction([SECRET]).meets(words_of(last))
    Redaction([SECRET]).of_error(last)
    assert shows("".join(traceback.format_exception(last)), SECRET) == []
    assert "…" in "".join(traceback.format_exception(last))
    assert last.args[1] == 7


NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=30).filter(str.strip)


@settings(deadline=None, derandomize=True)
@given(name=NAMES, before=st.text("xyz", max_size=3), behind=st.text("xyz", max_size=3))
def test_the_name_of_what_was_wrong_is_told(name: str, before: str, behind: str) -> None:
    """A value that is the name of its parameter, or contains it, goes; the name stays where names stand."""
    value = f"{before}{name}{behind}"
    without = Redaction([value], names=[name])
    wrong = InvalidArgumentError(name, f"a number, not {value}")
    refused = RefusedError(f"no {value}", validations=[(name, f"{value} is no number"), (value, "bad")])
    unknown = unknown_parameters([name], [f"{name}s", "cpu"])
    told = unknown.validations
    for error in (wrong, refused, unknown):
        without.of_error(error)
    assert (str(wrong), wrong.argument) == (f"{name}: expected a number, not …", name)
    assert (str(refused), refused.validations) == ("no …", ((name, "… is no number"), (name if value == name else "…", "bad")))
    assert unknown.validations == told
    assert f"for {name}" in without.of_text(told_not_applied([name], []))


@pytest.mark.parametrize("argument", sorted(ARGUMENTS))
def test_the_names_of_our_own_arguments_are_told(argument: str) -> None:
    """Whatever values are like them: a caller has to know which argument it is about."""
    without = Redaction([f"my-{argument}-1"])
    refused = RefusedError("refused", validations=[(argument, f"my-{argument}-1 is not there")])
    without.of_error(refused)
    assert refused.validations == ((argument, "… is not there"),)
