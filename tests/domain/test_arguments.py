"""What is let in at the edge, and how the rest is turned away: naming the argument and what was expected, never showing what came."""

from __future__ import annotations

import math
import traceback
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatworkspace import InvalidArgumentError
from chatworkspace._domain.arguments import check_chat_id, check_parameters, check_text, check_wait, to_uuid

HUGE = pytest.param(10**400, id="huge")
HIDDEN = "hunter2"
AN_ID = UUID("0a11ce00-1234-4000-8000-00000000000f")
BAD_TEXT = {"NUL": "a\0b", "NUL alone": "\0", "high surrogate": "a\ud800", "low surrogate": "\udfffb", "pair of surrogates": "\ud83d\ude00"}
bad_text = pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in BAD_TEXT.items()])


# ------------------------------------------------------------------ text


@pytest.mark.parametrize("text", ["", "dev", " ", "\n\t\x01\x7f", "世界", "😀", "\ud7ff\ue000\uffff\U0010ffff"])
def test_text_passes_as_it_is(text: str) -> None:
    """Nothing is trimmed or changed."""
    assert check_text("name", text) is text


@bad_text
def test_text_that_not_every_store_can_carry(text: str) -> None:
    """NUL ends a string in some, lone surrogates cannot be encoded in any."""
    with pytest.raises(InvalidArgumentError) as caught:
        check_text("name", text)
    assert caught.value.argument == "name"
    assert str(caught.value) == "name: expected text without the character U+0000 and without half characters (U+D800 to U+DFFF)"


@pytest.mark.parametrize("value", [None, 1, b"dev", ["dev"], AN_ID, True])
def test_what_is_no_text(value: object) -> None:
    """Nothing is turned into text by itself."""
    with pytest.raises(InvalidArgumentError, match=r"^name: expected text$"):
        check_text("name", value)


def test_text_may_have_a_limit() -> None:
    """As many characters as were said, and not one more."""
    assert check_text("name", "ab", most=2) == "ab"
    assert check_text("name", "", most=0) == ""
    with pytest.raises(InvalidArgumentError, match=r"^name: expected at most 2 characters$"):
        check_text("name", "abc", most=2)


@given(text=st.text(st.characters(codec=None, categories=["Cs", "Cc", "L", "N"]), max_size=5))
def test_what_passes_can_be_encoded(text: str) -> None:
    """Whatever passes is UTF-8 without NUL, and nothing else is turned away."""
    try:
        carried = b"\0" not in text.encode()
    except UnicodeEncodeError:
        carried = False
    try:
        passed = check_text("name", text) == text
    except InvalidArgumentError:
        passed = False
    assert passed == carried


# ------------------------------------------------------------------ chat ids


@pytest.mark.parametrize("chat_id", ["a", " ", " Chat/1\n", "x" * 255, "世" * 255, "😀" * 255])
def test_chat_ids_are_the_hosts_own(chat_id: str) -> None:
    """1 to 255 characters, compared exactly: nothing is trimmed or folded."""
    assert check_chat_id(chat_id) is chat_id


@pytest.mark.parametrize("chat_id", ["", "x" * 256, "世" * 256, None, 0, 1, b"chat-1", AN_ID, ["chat-1"], True])
def test_what_is_no_chat_id(chat_id: object) -> None:
    """Empty, too long, or no text; the error says which lengths are right."""
    with pytest.raises(InvalidArgumentError) as caught:
        check_chat_id(chat_id)
    assert caught.value.argument == "chat_id"
    assert str(caught.value) == "chat_id: expected 1 to 255 characters of text"


@bad_text
def test_a_chat_id_is_text_that_every_store_can_carry(text: str) -> None:
    """The rule of all text holds for it."""
    with pytest.raises(InvalidArgumentError, match=r"^chat_id: expected text without the character U.0000"):
        check_chat_id(text)


# ------------------------------------------------------------------ UUIDs


@pytest.mark.parametrize("value", [AN_ID, str(AN_ID), str(AN_ID).upper(), AN_ID.hex, f"  {AN_ID}\n", f"{{{AN_ID}}}", AN_ID.urn])
def test_a_uuid_or_its_text(value: UUID | str) -> None:
    """In any of its usual forms, with blanks around it."""
    assert to_uuid("template_id", value) == AN_ID


@pytest.mark.parametrize(
    "value",
    ["", " ", "docker", AN_ID.hex[:-1], AN_ID.hex + "0", "g" * 32, None, 5, AN_ID.int, AN_ID.bytes, AN_ID.hex.encode(), b"", [str(AN_ID)]],
    ids=repr,
)
def test_what_is_no_uuid(value: Any) -> None:
    """The error names the argument, and comes alone."""
    with pytest.raises(InvalidArgumentError) as caught:
        to_uuid("template_id", value)
    assert caught.value.argument == "template_id"
    assert str(caught.value) == "template_id: expected a UUID or its text"
    assert caught.value.__suppress_context__


# ------------------------------------------------------------------ how long to wait


@pytest.mark.parametrize(("value", "wait"), [(None, None), (0, 0.0), (-0.0, 0.0), (5, 5.0), (0.25, 0.25), (1e308, 1e308)])
def test_how_long_to_wait(value: object, wait: float | None) -> None:
    """None or a number of seconds; 0 looks and does not wait."""
    checked = check_wait(value)
    assert checked == wait
    assert checked is None or type(checked) is float


@pytest.mark.parametrize("value", [math.inf, HUGE])
def test_waiting_for_ever_is_waiting_as_long_as_it_takes(value: float) -> None:
    """Without an end of its own, as None."""
    assert check_wait(value) is None


@pytest.mark.parametrize("value", [-1, -0.001, math.nan, -math.inf, pytest.param(-(10**400), id="-huge"), True, False, "5", b"5", 1j, [5], object()])
def test_what_is_no_time_to_wait(value: object) -> None:
    """Negative, not a number, a bool, or text."""
    with pytest.raises(InvalidArgumentError) as caught:
        check_wait(value)
    assert str(caught.value) == "wait: expected None or a number of seconds of at least 0"


# ------------------------------------------------------------------ parameters


def test_parameters_are_copied() -> None:
    """What the caller does to its own mapping later is no matter."""
    given_ = {"cpu": "4", "": ""}
    checked = check_parameters(given_)
    given_["cpu"] = "8"
    assert checked == {"cpu": "4", "": ""}


@pytest.mark.parametrize("value", [None, {}, MappingProxyType[str, str]({})])
def test_no_parameters(value: object) -> None:
    """None or an empty mapping of any kind."""
    assert check_parameters(value) == {}


@pytest.mark.parametrize("value", [[], [("cpu", "4")], "cpu=4", 5, {"cpu"}, True, object()])
def test_what_are_no_parameters(value: object) -> None:
    """Only a mapping has names and values."""
    with pytest.raises(InvalidArgumentError, match=r"^parameters: expected a mapping of names to values, both text$"):
        check_parameters(value)


@pytest.mark.parametrize("value", [4, None, True, [HIDDEN], HIDDEN.encode(), {"x": HIDDEN}, f"{HIDDEN}\0", f"{HIDDEN}\ud800"], ids=repr)
def test_a_bad_value_is_named_and_never_shown(value: object) -> None:
    """The error says of which parameter it is; neither it nor its traceback shows the value."""
    with pytest.raises(InvalidArgumentError) as caught:
        check_parameters({"cpu": "4", "token": value})
    assert caught.value.argument == "parameters['token']"
    assert "token" in str(caught.value)
    shown = str(caught.value) + repr(caught.value) + "".join(traceback.format_exception(caught.value)) + caught.value.next_step
    assert HIDDEN not in shown


@pytest.mark.parametrize("name", [1, None, b"cpu", ("a",), "a\0", "a\udc00"], ids=repr)
def test_a_bad_name_of_a_parameter(name: object) -> None:
    """Names are text as well."""
    with pytest.raises(InvalidArgumentError) as caught:
        check_parameters({name: HIDDEN})
    assert caught.value.argument == "parameters"
    assert HIDDEN not in str(caught.value)


def test_the_error_of_a_bad_name_and_value_can_be_shown() -> None:
    """A lone surrogate in a name does not break whoever prints the error."""
    with pytest.raises(InvalidArgumentError) as caught:
        check_parameters({"\ud800": 5})
    assert str(caught.value).encode().startswith(b"parameters['\\ud800']")
