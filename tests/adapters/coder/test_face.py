"""What a user meets first: the names, help that tells what they mean, and arguments that are checked where they come in."""

from __future__ import annotations

import inspect
import pydoc
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

import attrs
import pytest

import chatworkspace
import chatworkspace_coder
from chatworkspace import InvalidArgumentError, TemplateError, UnavailableError
from chatworkspace_coder import About, CoderClient
from tests.adapters.coder.calls import HOME, READ
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.server import Server, soon

URL = "http://127.0.0.1:1"
CLASSES: list[type] = [it for it in (getattr(chatworkspace_coder, name) for name in chatworkspace_coder.__all__) if inspect.isclass(it)]
METHODS = {f"{kind.__name__}.{name}": getattr(kind, name) for kind in (CoderClient, About) for name in vars(kind) if re.fullmatch(r"[a-z]\w*", name)}

# ---------------------------------------------------------------- names and help


def test_a_star_gives_every_public_name() -> None:
    """What __all__ lists is there, and nothing public is left out of it."""
    names: dict[str, object] = {}
    exec("from chatworkspace_coder import *", names)  # noqa: S102 # as a user writes it
    listed = set(chatworkspace_coder.__all__)
    assert set(names) - {"__builtins__"} == listed
    public = {name for name, value in vars(chatworkspace_coder).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert public <= listed | {"annotations"}
    assert listed <= set(dir(chatworkspace_coder))


def test_the_version_is_the_library_s() -> None:
    """All packages come in one distribution, installed or not; another name is none."""
    assert chatworkspace_coder.__version__ == chatworkspace.__version__
    assert not hasattr(chatworkspace_coder, "version")


def _own(hint: object) -> set[type]:
    """Return the classes of this package that a type hint speaks of."""
    parts = set[type]().union(*map(_own, getattr(hint, "__args__", ())))
    return parts | ({hint} if inspect.isclass(hint) and hint.__module__.startswith("chatworkspace_coder") else set())


def test_every_type_of_a_public_signature_can_be_imported() -> None:
    """From the package itself: what a call takes or returns, and what is in that."""
    known: set[type] = set(CLASSES)
    spoken = set[type]()
    for kind in known:
        spoken |= set().union(*map(_own, get_type_hints(kind).values()))
        for name, member in vars(kind).items():
            function = member.fget if isinstance(member, property) else member
            if not name.startswith("_") and inspect.isfunction(function):
                hints = get_type_hints(function, vars(chatworkspace) | vars(chatworkspace.ports) | vars(inspect.getmodule(kind)))
                spoken |= set().union(*map(_own, hints.values()))
    assert spoken
    assert spoken <= known


def test_help_shows_every_class() -> None:
    """`python -m pydoc chatworkspace_coder` lists each with its own words."""
    shown = pydoc.plain(pydoc.render_doc(chatworkspace_coder))
    for kind in CLASSES:
        assert re.search(rf"^    class {kind.__name__}\(", shown, re.MULTILINE), kind
        assert (kind.__doc__ or "nothing").splitlines()[0] in shown


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if attrs.has(kind)], ids=lambda it: it.__name__)
def test_help_tells_every_attribute(kind: type) -> None:
    """A line for each, so that help() shows what a type alone does not tell."""
    for field in attrs.fields(kind):
        assert re.search(rf"^{field.name}: \S", inspect.getdoc(kind) or "", re.MULTILINE), field.name


@pytest.mark.parametrize("name", METHODS)
def test_help_tells_every_call(name: str) -> None:
    """By words of its own, or those of the port."""
    assert inspect.getdoc(METHODS[name])


def test_help_tells_every_argument_of_the_client() -> None:
    """Each of them with what it means, and the unit of each deadline."""
    told = inspect.getdoc(CoderClient.__init__) or ""
    for name in set(inspect.signature(CoderClient).parameters):
        assert re.search(rf"^{name}: \S", told, re.MULTILINE), name
    for kind in (CoderClient, About):
        assert "the instant of time.monotonic(), in seconds" in (inspect.getdoc(kind) or "")


# ---------------------------------------------------------------- arguments


class Session:
    """What somebody might take for a token."""


async def promised(_: UUID | None) -> str:
    return TOKEN


def wrongly(url: Any = URL, **changes: Any) -> CoderClient:
    arguments: dict[str, Any] = {"token": TOKEN} | changes
    return CoderClient(url, **arguments)


@pytest.mark.parametrize(
    "url",
    [
        *(None, 7, b"http://x", Path("http://x"), ["http://x"], Session),
        *("", " ", "coder.example.com", "coder.example.com:443", "//x", "ftp://x", "http://", "http:///x", "http://:80"),
        *("http://u:p@x", "http://u@x", "http://x?q=1", "http://x#f", "http://x:99999", "http://x:-1", "http://x:port", "http://a b", "http://x\n"),
    ],
)
def test_a_url_that_is_none(url: Any) -> None:
    """It is said at once what is expected, and what was given is not shown: a password may be in it."""
    with pytest.raises(InvalidArgumentError, match=r"^url: expected the URL of a Coder server, such as https://") as failed:
        wrongly(url)
    assert failed.value.argument == "url"
    assert "u:p" not in str(failed.value)


@pytest.mark.parametrize("url", ["http://x", "https://x/", "http://127.0.0.1:7080", "http://[::1]:7080", "https://coder.example.com/coder/"])
def test_a_url(url: str) -> None:
    """With a path, a port, or a slash at its end, which is left out."""
    with wrongly(url) as client:
        assert repr(client) == f"CoderClient({url.rstrip('/')!r})"


@pytest.mark.parametrize(
    ("changes", "argument", "expected"),
    [
        *(({"token": it}, "token", "the text of a session token") for it in (None, "", " ", "a b", "ä", "a\n", 7, b"token", Session(), ["token"])),
        *(({"token": it}, "token", "a function that returns it: no class, and nothing to be awaited") for it in (Session, str, promised)),
        *(({"connections": it}, "connections", "a whole number of at least 1") for it in (0, -1, 1.5, "8", None, True, float("nan"))),
        *(({"ca_file": it}, "ca_file", "the path of a PEM file") for it in ("", b"ca.pem", 7, True, ["ca.pem"])),
    ],
)
def test_an_argument_that_makes_no_sense(changes: dict[str, Any], argument: str, expected: str) -> None:
    """It is said at once, by its name, and with what is expected."""
    with pytest.raises(InvalidArgumentError) as failed:
        wrongly(**changes)
    assert failed.value.argument == argument
    assert str(failed.value).startswith(f"{argument}: expected ")
    assert expected in str(failed.value)


def test_a_function_of_any_kind_gives_tokens() -> None:
    """Also an object that can be called, and a method."""

    class Vault:
        def __call__(self, owner_id: UUID | None) -> str:
            return f"token-of-{owner_id}"

    vault = Vault()
    makes: tuple[Callable[[UUID | None], str], ...] = (vault, vault.__call__, lambda _: "x")
    for token in makes:
        with CoderClient(URL, token=token), CoderClient(URL, token=token):
            pass


def test_a_path_names_authorities(tmp_path: Path) -> None:
    """As text or as a Path; where there is none it is said at once."""
    for path in (tmp_path / "none.pem", str(tmp_path / "none.pem"), tmp_path):
        with pytest.raises(InvalidArgumentError, match=r"^ca_file: expected a PEM file"):
            CoderClient("https://127.0.0.1:1", token=TOKEN, ca_file=path)


WRONG: dict[str, tuple[str, Callable[[CoderClient], object]]] = {
    "user, none": ("user", lambda client: client.user(None)),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # wrong on purpose, as below
    "user, an id": ("user", lambda client: client.user(HOME)),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    "user, empty": ("user", lambda client: client.user("")),
    "user, dots": ("user", lambda client: client.user("..")),
    "user, a path": ("user", lambda client: client.user("a/b")),
    "user, half a character": ("user", lambda client: client.user("\ud800")),
    "template, none": ("name", lambda client: client.template(None, organization_id=HOME)),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    "organization, none": ("organization_id", lambda client: client.template("x", organization_id=None)),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    "organization, a name": ("organization_id", lambda client: client.template("x", organization_id="default")),
    "chat, its id": ("chat", lambda client: client.workspace_ttl("chat-1")),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    "rights, none": ("organization_id", lambda client: client.about.may_create(None, soon())),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    "watching, an id": ("workspace", lambda client: client.about.watched_by(READ.id, soon())),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    "deadline, none": ("deadline", lambda client: client.about.server(None)),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    "deadline, text": ("deadline", lambda client: client.about.holder("5")),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    "deadline, no number": ("deadline", lambda client: client.about.organizations(float("nan"))),
    "deadline, a flag": ("deadline", lambda client: client.about.watched_by(READ, deadline=True)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_call_checks_what_it_is_given(server: Server, client: CoderClient, name: str) -> None:
    """Before anything is asked; the message names the argument."""
    argument, call = WRONG[name]
    with pytest.raises(InvalidArgumentError) as failed:
        call(client)
    assert failed.value.argument == argument
    assert server.seen == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/"])
def test_names_that_nothing_can_have(server: Server, client: CoderClient, name: str) -> None:
    """In a path they would lead elsewhere: there is no such template and no such workspace, and nothing is asked."""
    with pytest.raises(TemplateError, match="no template has such a name"):
        client.template(name, organization_id=HOME)
    assert client.find_workspace(READ.owner_id, name, deadline=soon()) is None
    assert server.seen == []


def test_ids_may_be_text(server: Server, client: CoderClient) -> None:
    """Where they come in."""
    assert client.about.may_create(str(HOME), soon()) is None
    with pytest.raises(UnavailableError):
        client.template("docker", organization_id=f" {HOME} ")
    assert server.paths == ["POST /authcheck", f"GET /organizations/{HOME}/templates/docker"]


def test_a_deadline_that_has_passed_is_a_deadline(server: Server, client: CoderClient) -> None:
    """However long ago: nothing is asked."""
    for deadline in (0, -1.0, time.monotonic() - 1, float("-inf")):
        with pytest.raises(UnavailableError):
            client.about.holder(deadline)
    assert server.seen == []
