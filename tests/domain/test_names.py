"""Names of workspaces: the mark that proves whose making it is, and the wish before it, made fit for the platform."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatworkspace._domain.names import bears_mark, fingerprint, mark_of, name_in_use, wish_was_kept, workspace_name

SECRET = bytes(range(32))
MARK = "abcde23456"
PLATFORM_RULE = re.compile(r"^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*$")


def _by_the_book(secret: bytes, chat_id: str, number: int) -> str:
    """Work the mark out as the design writes it down, with the standard library's own base32."""
    digest = hmac.digest(secret, chat_id.encode() + b"\0" + str(number).encode(), hashlib.sha256)
    return base64.b32encode(digest).decode().lower()[:10]


# ------------------------------------------------------------------ marks


@pytest.mark.parametrize(
    ("secret", "chat_id", "number", "mark"),
    [
        (b"secret", "chat-1", 1, "gczhzqyzbx"),
        (b"secret", "chat-1", 2, "rfjbuqttpl"),
        (SECRET, "chat-1", 1, "4cey24rx2i"),
        (SECRET, "héllo/世界", 12, "tthcurfjo2"),
    ],
)
def test_marks_never_change(secret: bytes, chat_id: str, number: int, mark: str) -> None:
    """Written down once: workspaces bear them, and another version of this library has to know them again."""
    assert mark_of(secret, chat_id, number) == mark


@given(secret=st.binary(min_size=1, max_size=99), chat_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), number=st.integers(0, 10**6))
def test_a_mark_is_the_first_50_bits_in_base32(secret: bytes, chat_id: str, number: int) -> None:
    """HMAC-SHA256 over chat id, NUL and number."""
    assert mark_of(secret, chat_id, number) == _by_the_book(secret, chat_id, number)


def test_marks_are_each_chats_own() -> None:
    """Another chat, number or secret gives another mark."""
    marks = {mark_of(secret, f"chat-{chat}", number) for secret in (b"a", b"b") for chat in range(300) for number in (1, 2)}
    assert len(marks) == 2 * 300 * 2


@pytest.mark.parametrize(
    ("name", "bears"),
    [
        (f"docker-{MARK}", True),
        (f"Docker-{MARK.upper()}", True),
        (f"-{MARK}", True),
        (f"docker{MARK}", False),
        (MARK, False),
        (f"docker-{MARK}-2", False),
        (f"{MARK}-docker", False),
        ("docker-bbcde23456", False),
        ("", False),
    ],
)
def test_who_bears_a_mark(name: str, bears: bool) -> None:  # noqa: FBT001 # a cell of the table
    """A hyphen and the mark, at the end, compared without case as the platform does."""
    assert bears_mark(name, MARK) is bears


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("wish", "fit"),
    [
        ("dev", "dev"),
        ("Dev-2", "Dev-2"),
        ("my dev box", "my-dev-box"),
        ("a--b", "a-b"),
        ("a - b", "a-b"),
        ("a__b..c", "a-b-c"),
        ("-dev-", "dev"),
        ("  dev ", "dev"),
        ("schöne Größe", "sch-ne-Gr-e"),
        ("ZZ09az", "ZZ09az"),
        ("X-rayX", "X-rayX"),
        ("a\nb", "a-b"),
        ("a" * 21, "a" * 21),
        ("a" * 22, "a" * 21),
        ("b" + "a" * 300, "b" + "a" * 20),
        ("a" * 20 + "-b", "a" * 20),
        ("a" * 19 + "-bc", "a" * 19 + "-b"),
        ("-" + "a" * 21 + "b", "a" * 21),
    ],
)
def test_the_wish_is_made_fit(wish: str, fit: str) -> None:
    """Letters, digits and single hyphens between them, 21 characters at most."""
    assert workspace_name(wish, "template", MARK) == f"{fit}-{MARK}"


@pytest.mark.parametrize("wish", ["", " ", "---", "世界", "\0", "__"])
def test_a_wish_of_which_nothing_is_left_gives_way(wish: str) -> None:
    """To the template's name, made fit as well, and that to a word of our own."""
    assert workspace_name(wish, "My Template!", MARK) == f"My-Template-{MARK}"
    assert workspace_name(wish, "日本", MARK) == f"workspace-{MARK}"
    assert workspace_name(wish, "", MARK) == f"workspace-{MARK}"


@given(wish=st.text(), template=st.text(), number=st.integers(1, 10**6))
def test_every_name_keeps_the_platforms_rule(wish: str, template: str, number: int) -> None:
    """At most 32 letters, digits and single hyphens, whatever was wished, and it bears its mark."""
    mark = mark_of(SECRET, "chat-1", number)
    name = workspace_name(wish, template, mark)
    assert PLATFORM_RULE.fullmatch(name)
    assert len(name) <= 32
    assert bears_mark(name, mark)


def test_the_longest_name_fills_what_the_platform_allows() -> None:
    """Nothing of the 32 characters is given away."""
    assert len(workspace_name("x" * 100, "t", MARK)) == 32


@pytest.mark.parametrize(
    ("name", "used"),
    [
        (f"docker-{MARK}", f"docker-{MARK}"),
        (f"Docker-{MARK.upper()}", f"Docker-{MARK.upper()}"),
        ("", f"wish-{MARK}"),
        ("docker-bbcde23456", f"wish-{MARK}"),
    ],
)
def test_a_name_is_kept_as_long_as_its_number_stands(name: str, used: str) -> None:
    """Whatever is wished later; with another number there is another mark, and a new name."""
    assert name_in_use(name, "wish", "template", MARK) == used


def test_a_new_name_without_a_wish_is_the_templates() -> None:
    """The template's name stands for the wish."""
    assert name_in_use("", "", "docker", MARK) == f"docker-{MARK}"


@pytest.mark.parametrize(
    ("wish", "name", "kept"),
    [
        ("", f"docker-{MARK}", True),
        ("docker", f"docker-{MARK}", True),
        (f"docker-{MARK}", f"docker-{MARK}", True),
        ("Docker", f"docker-{MARK}", False),
        ("dock", f"docker-{MARK}", False),
        ("docker-", f"docker-{MARK}", False),
        ("my box", f"my-box-{MARK}", False),
        ("a" * 22, f"{'a' * 21}-{MARK}", False),
        ("docker", "my-own", False),
        ("my-own", "my-own", True),
    ],
)
def test_whether_the_name_shows_the_wish(wish: str, name: str, kept: bool) -> None:  # noqa: FBT001 # a cell of the table
    """As it was written, with the mark or without; no wish is always kept."""
    assert wish_was_kept(wish, name) is kept


# ------------------------------------------------------------------ fingerprints

_parameters = st.dictionaries(st.text("ab:1", max_size=3), st.text("ab:1", max_size=3), max_size=4)


def test_no_parameters_have_no_fingerprint() -> None:
    """Empty stands for none, whatever the secret."""
    assert fingerprint(SECRET, {}) == ""


def test_fingerprints_never_change() -> None:
    """Written down once: plans that stand are compared with them after an update."""
    assert fingerprint(b"secret", {"cpu": "4", "b": ""}) == "e18dc01e0be3a7ac75587e32d4ece658"


@given(parameters=_parameters, chance=st.randoms(use_true_random=False))
def test_the_order_of_parameters_is_no_matter(parameters: dict[str, str], chance: Random) -> None:
    """The same pairs have the same fingerprint."""
    pairs = list(parameters.items())
    chance.shuffle(pairs)
    assert fingerprint(SECRET, dict(pairs)) == fingerprint(SECRET, parameters)


@given(one=_parameters, other=_parameters)
def test_other_parameters_have_another_fingerprint(one: dict[str, str], other: dict[str, str]) -> None:
    """Names, values and where one ends and the next begins all count."""
    assert (fingerprint(SECRET, one) == fingerprint(SECRET, other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "b"}, {"ab": ""}),
        ({"a": "b"}, {"b": "a"}),
        ({"": "ab"}, {"a": "b"}),
        ({"a": "1:b"}, {"a1": ":b"}),
        ({"a": "1:b1:c1:d"}, {"a": "", "b": "1:c1:d"}),
        ({"cpu": "4"}, {"cpu": "4 "}),
    ],
)
def test_what_looks_alike_when_run_together_is_told_apart(one: dict[str, str], other: dict[str, str]) -> None:
    """Lengths stand beside the parts."""
    assert fingerprint(SECRET, one) != fingerprint(SECRET, other)


def test_a_fingerprint_needs_the_secret_and_shows_nothing() -> None:
    """32 hex digits, different under another secret."""
    ours, theirs = fingerprint(b"a", {"token": "hunter2"}), fingerprint(b"b", {"token": "hunter2"})
    assert re.fullmatch(r"[0-9a-f]{32}", ours)
    assert ours != theirs
