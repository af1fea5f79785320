"""fork(): a child has its own parts, and a store in memory refuses another process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import ChatWorkspaceError, ChatWorkspaces, Reason
from chatworkspace.ports import Look
from chatworkspace_fake import FakeCoder, MemoryStore
from tests.forks import ended
from tests.forks import in_child as forked
from tests.service.chats import CHAT

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()"),
    # threads of other tests may still be ending; the child uses nothing of theirs
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]

OWNER, ORGANIZATION = UUID(int=1), UUID("0a11ce00-0000-4000-8000-000000000002")


def in_child(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Fork, act in the child, and return what it found out."""
    reading, writing = os.pipe()

    def tell() -> None:
        try:
            answer = act()
        except BaseException as error:  # noqa: BLE001 # told by the parent
            answer = {"raised": repr(error)}
        os.write(writing, json.dumps(answer).encode())

    child = forked(tell)
    os.close(writing)
    assert ended(child) == 0
    with os.fdopen(reading) as pipe:
        answer: dict[str, Any] = json.loads(pipe.read())
    return answer


class Shared(MemoryStore):
    """A store that lets a child use what it has inherited, as one that lasts would."""

    def _check_process(self) -> None:
        """Let everybody in."""


def a_service(store: MemoryStore) -> tuple[ChatWorkspaces, FakeCoder]:
    coder = FakeCoder()
    chats = ChatWorkspaces(store=store, creator=coder, dialer=coder)
    chats.open_chat(CHAT, owner_id=OWNER, organization_id=ORGANIZATION)
    return chats, coder


def test_a_memory_store_refuses_another_process() -> None:
    """Each call of the child ends with an error that says what to use instead; the parent goes on."""
    chats, coder = a_service(MemoryStore())
    docker = coder.add_template("docker")

    def act() -> dict[str, Any]:
        calls: list[Callable[[], object]] = [
            lambda: chats.create(CHAT, docker.id),
            lambda: chats.status(CHAT),
            lambda: chats.get_chat(CHAT),
            lambda: chats.history(CHAT),
            lambda: chats.open_chat("chat-2", owner_id=OWNER, organization_id=ORGANIZATION),
            chats.sweep,
        ]
        return {"told": [_error_of(call) for call in calls]}

    told = in_child(act)["told"]
    cure = "a MemoryStore belongs to the process that made it: use a store that lasts (a file, a database) where there is more than one process"
    assert told == [["UnavailableError", "store_unavailable", False, cure]] * 6
    assert chats.create(CHAT, docker.id).reason is Reason.CREATED


def test_a_child_has_its_own_parts() -> None:
    """Mutex, watches, memory and calls of the parent are not used by the child."""
    chats, coder = a_service(Shared())
    docker = coder.add_template("docker")
    chats.create(CHAT, docker.id)
    parent = chats._parts
    parent.mutex.acquire(CHAT, _Patient(), None)  # as by a thread of the parent, which does not live in the child

    def act() -> dict[str, Any]:
        outcome = chats.create(CHAT, docker.id, wait=1)
        return {"same": chats._parts is parent, "reason": outcome.reason.value, "dials": coder.calls.count("dial")}

    answer = in_child(act)
    assert (answer["same"], answer["reason"]) == (False, "created"), "the child does not know that its parent has told so"
    assert answer["dials"] == coder.calls.count("dial") + 1, "the child trusts no dial but its own"
    assert chats._parts is parent


class _Patient:
    """A call that never waits."""

    def wait_for(self, signal: object, deadline: float | None) -> bool:
        """Not be asked."""
        raise AssertionError((signal, deadline))

    def signal(self) -> Any:
        """Not be asked."""
        raise AssertionError

    def refuse_within(self, other: object) -> None:
        """Not be asked."""
        raise AssertionError(other)


def test_parent_and_child_take_different_tokens() -> None:
    """A claim's token comes from the operating system anew in each process: the child cannot pass for its parent."""
    tokens: list[str] = []

    class Noting(Shared):
        def claim(self, look: Look, *, token: str, **rest: Any) -> Any:
            """Note the token."""
            tokens.append(token)
            return super().claim(look, token=token, **rest)

    chats, coder = a_service(Noting())
    docker = coder.add_template("docker")
    chats.create(CHAT, docker.id)

    def act() -> dict[str, Any]:
        chats.detach(CHAT)
        return {"token": tokens[-1]}

    answer = in_child(act)
    chats.detach(CHAT)
    mine = [token.partition("-")[0] for token in tokens]
    assert len(set(mine)) == 1
    assert answer["token"].partition("-")[0] not in mine


def test_a_child_that_closes_leaves_its_parent_alone() -> None:
    """Closing ends the calls of one process."""
    chats, _ = a_service(Shared())

    def act() -> dict[str, Any]:
        chats.close()
        return {"told": _error_of(lambda: chats.get_chat(CHAT))[0]}

    assert in_child(act) == {"told": "ClosedError"}
    assert chats.get_chat(CHAT).id == CHAT


def test_the_error_is_the_librarys_own() -> None:
    """Raised by the store itself, too."""
    store = MemoryStore()
    assert in_child(lambda: {"told": _error_of(store.secret)[0]}) == {"told": "UnavailableError"}
    assert len(store.secret()) == 32


def _error_of(call: Callable[[], object]) -> list[Any]:
    try:
        call()
    except ChatWorkspaceError as error:
        return [type(error).__name__, error.reason.value, error.retryable, str(error)]
    return ["none"]
