"""What a user meets first: names that can be imported, and help that tells what they mean."""

from __future__ import annotations

import inspect
import pydoc
import re
from collections.abc import Iterator

import attrs
import pytest

import chatworkspace
from chatworkspace import ChatWorkspaces, InvalidArgumentError, Timeouts, events, ports
from chatworkspace.ports import SystemClock
from chatworkspace_fake import FakeCoder, MemoryStore

FACES = [chatworkspace, ports]
METHODS = [name for name, member in vars(ChatWorkspaces).items() if inspect.isfunction(member) and not name.startswith("_")] + ["__init__"]


def _classes() -> Iterator[type]:
    for face in (*FACES, events):
        for name in face.__all__:
            if inspect.isclass(getattr(face, name)):
                yield getattr(face, name)


def _helped(thing: object) -> str:
    return pydoc.plain(pydoc.render_doc(thing))


@pytest.mark.parametrize("face", FACES, ids=lambda it: it.__name__)
def test_a_star_gives_every_public_name(face: object) -> None:
    """What __all__ lists is there, lazy or not, and nothing public is left out of it."""
    names: dict[str, object] = {}
    exec(f"from {face.__name__} import *", names)  # type: ignore[attr-defined] # noqa: S102 # pyright: ignore[reportAttributeAccessIssue] # as a user writes it
    listed = set(face.__all__)  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue,reportUnknownArgumentType]
    assert set(names) - {"__builtins__"} == listed
    public = {name for name, value in vars(face).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert public <= listed | {"annotations"}
    assert listed <= set(dir(face))


def test_the_version_is_told() -> None:
    """By the package itself, for whoever has no metadata to look in."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", chatworkspace.__version__)


def test_help_shows_every_class() -> None:
    """`python -m pydoc chatworkspace` lists each of them with its own words, those that are loaded late as well."""
    shown = _helped(chatworkspace)
    for name in chatworkspace.__all__:
        if inspect.isclass(getattr(chatworkspace, name)):
            assert re.search(rf"^    class {name}\(", shown, re.MULTILINE), name


@pytest.mark.parametrize("kind", [it for it in _classes() if attrs.has(it)], ids=lambda it: it.__name__)
def test_help_tells_every_attribute(kind: type) -> None:
    """A line of the class's own words for each, or of the class that has it, so that help() shows what a type alone does not tell."""
    told = "\n".join(inspect.getdoc(it) or "" for it in kind.__mro__ if attrs.has(it))
    for field in attrs.fields(kind):
        assert re.search(rf"^{field.name}( \([^)]*\))?: \S", told, re.MULTILINE), field.name


def test_help_tells_every_limit_with_its_default() -> None:
    """In seconds, and the one that holds."""
    told = inspect.getdoc(Timeouts) or ""
    assert dict(re.findall(r"^(\w+) \(([\d.]+)\):", told, re.MULTILINE)) == {it.name: str(it.default) for it in attrs.fields(Timeouts)}


@pytest.mark.parametrize("kind", list(_classes()), ids=lambda it: it.__name__)
def test_help_has_words_for_every_method(kind: type) -> None:
    """Its own or those of the protocol that it is written after; what a signature says is not all."""
    functions = {name: it for name, it in inspect.getmembers(kind, callable) if not name.startswith("_")}
    assert [name for name, it in functions.items() if inspect.isfunction(it) and not inspect.getdoc(it)] == []


@pytest.mark.parametrize("method", METHODS)
def test_help_tells_every_argument(method: str) -> None:
    """Each argument of each call is named in its words; `chat_id` where the chat is introduced, and `wait` by its unit or by reference."""
    function = getattr(ChatWorkspaces, method)
    told = inspect.getdoc(function) or ""
    for name in set(inspect.signature(function).parameters) - {"self", "chat_id"}:
        assert re.search(rf"\b{name}\b", told), name


class Nothing:
    """No port at all."""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"store": None}, "store: expected a Store; NoneType has no "),
        ({"store": MemoryStore}, "store: expected a Store, not a class: make one with MemoryStore(…)"),
        ({"creator": Nothing()}, "creator: expected a WorkspaceCreator; Nothing has no "),
        ({"creator": MemoryStore()}, "creator: expected a WorkspaceCreator; MemoryStore has no "),
        ({"dialer": "coder"}, "dialer: expected an AgentDialer; str has no dial()"),
        ({"clock": SystemClock}, "clock: expected a Clock, not a class: make one with SystemClock(…)"),
        ({"timeouts": 30}, "timeouts: expected a Timeouts"),
        ({"allowed_templates": []}, "allowed_templates: expected a function or None"),
        ({"workspace_ttl": "soon"}, "workspace_ttl: expected a number of seconds of at least 0, a function"),
        ({"workspace_ttl": True}, "workspace_ttl: expected a number of seconds of at least 0, a function"),
        ({"workspace_ttl": -1}, "workspace_ttl: expected a number of seconds of at least 0, a function"),
        ({"workspace_ttl": float("nan")}, "workspace_ttl: expected a number of seconds of at least 0, a function"),
        ({"workspace_ttl": 10**400}, "workspace_ttl: expected a number of seconds of at least 0, a function"),
        ({"max_waiting": "4"}, "max_waiting: expected None or a whole number from 0 to 100,000"),
        ({"max_waiting": True}, "max_waiting: expected None or a whole number from 0 to 100,000"),
        ({"max_waiting": -1}, "max_waiting: expected None or a whole number from 0 to 100,000"),
        ({"max_waiting": 2.0}, "max_waiting: expected None or a whole number from 0 to 100,000"),
        ({"max_waiting": 10**9}, "max_waiting: expected None or a whole number from 0 to 100,000"),
        ({"on_chat_updated": "print"}, "on_chat_updated: expected a function or None"),
        ({"on_progress": 3}, "on_progress: expected a function or None"),
        ({"on_event": 3}, "on_event: expected a function or None"),
    ],
)
def test_a_wrong_part_is_told_at_once(given: dict[str, object], expected: str) -> None:
    """Where it comes in, and not in the middle of the first call."""
    coder = FakeCoder()
    arguments = {"store": MemoryStore(), "creator": coder, "dialer": coder} | given
    with pytest.raises(InvalidArgumentError) as caught:
        ChatWorkspaces(**arguments)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # wrong on purpose
    assert str(caught.value).startswith(expected)
    assert caught.value.argument == next(iter(given))


def test_one_id_is_no_collection_of_ids() -> None:
    """Text is a collection of characters, and none of them is an id: the message says what is meant."""
    coder = FakeCoder()
    chats = ChatWorkspaces(store=MemoryStore(), creator=coder, dialer=coder)
    with pytest.raises(InvalidArgumentError, match="a collection of UUIDs"):
        chats.sweep(delete="0a11ce00-0000-4000-8000-000000000001")
