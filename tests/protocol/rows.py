"""What the protocol that is built keeps of a chat and of its callers, and what may be decided in one way or another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import attrs

from tests.protocol.model import Request, State, Workspace, begin


@attrs.frozen(kw_only=True)
class Rules:
    """What may be decided in one way or another."""

    how: str = "beside"
    """A replacement's plan: unbind: what is to be replaced is given up by it; restore: the same, undone after a refusal; beside: binding and plan
    stand at once, and the bind switches."""
    drop: str = "fresh"
    """When a refused replacement drops its plan: never; fresh: if no plan stood when it was claimed; always."""
    refused: str = "fresh"
    """The same for a refused creation that replaces nothing."""
    number: str = "back"
    """What becomes of name and number then, where something is bound: back, to what they were; or up, as planned."""
    generation: str = "bind"
    """What counts the generation of a replacement: bind, or plan."""
    plain: str = "found"
    """A plain create that finds a replacement in doubt, and nothing of its name: found: uses what is bound; goon: asks again; withdraw: drops it."""
    fence: bool = True
    """The plan is dropped by nobody who was overtaken."""
    claims: bool = True
    """False: a claim is over at once, and nothing but what was looked at is compared."""
    check: bool = False
    """Ask the platform first what it would say."""
    sweep: str = "leave"
    """A sweep that finds a replacement in doubt, and nothing of its name: leave it, or drop it."""
    patient: bool = False
    """A sweep drops a plan only when nobody else is in the midst of a call, and nothing is under way: it waits for longer than that takes."""
    sure: bool = False
    """No fail-over loses a claim with plan; it may lose any other commit."""
    settle: bool = True
    """A plain create looks for the name of a replacement that stands."""
    doubt: str = "replace"
    """What replaces a workspace of whose name an old request may still arrive: replace; or refuse, for as long as that is so."""
    looks_first: bool = True
    """A deletion looks for what a plan that stands has become, and binds it."""
    closes_first: bool = True
    """A chat is closed before its workspace is deleted; False: after it, under the same claim."""
    discards: bool = True
    """What is to be deleted is written down before it is, and attached by nobody then."""


class Chat(NamedTuple):
    """A chat's row."""

    generation: int
    bound: str | None
    name: str = ""
    number: int = 0
    planned: bool = False
    epoch: int = 0
    token: tuple[int, ...] = ()
    valid: bool = False
    left: tuple[str, ...] = ()
    """Live ones left behind; with ~, until the plan that left them has become something."""
    old: tuple[str | None, int, str] | None = None
    """What `restore` puts back."""
    doubt: bool = False
    """A request for the name in use may be under way, for ever."""
    closed: bool = False
    had: str | None = None
    """What it had when it was closed."""
    discarded: tuple[str, ...] = ()
    other: str | None = None
    """What another chat is bound to."""
    harmed: bool = False
    """What another chat was bound to was deleted."""
    deletions: tuple[tuple[int, int], ...] = ()
    """The call that was made for each deletion that deleted something."""

    @property
    def recorded(self) -> bool:
        """The chat has a history."""
        return bool(self.name) or self.generation > 1


class Look(NamedTuple):
    """What a claim has to match, and the name that goes with it."""

    epoch: int
    generation: int
    bound: str | None
    planned: bool
    name: str


class Caller(NamedTuple):
    """Somebody who calls, and how far it has come."""

    at: str
    op: str = "create"
    wish: str = ""
    calls: int = 1
    seen: Look | None = None
    token: tuple[int, ...] = ()
    fresh: bool = False
    """No plan stood when it claimed."""
    back: tuple[str | None, int, str] | None = None
    kind: str = ""
    """make or replace."""
    request: int = 0
    found: str | None = None
    name: str = ""
    """What it asks for, or what it does once it has the claim."""
    opened: bool = False


def caller(op: str, calls: int = 1, wish: str = "") -> Caller:
    """Return somebody who has not begun."""
    return Caller("look", op, wish, calls)


def world(callers: Sequence[Caller], faults: dict[str, int], *, chat: str = "bound", late: bool = False) -> State:
    """Return the beginning.

    chat: bound, to W0, of its own making; foreign: to one of the user's own; gone: to W0, which is gone; detached: from W0, which lives; new;
    made: W0 was made for it, and its maker died before it could bind it.
    late: a request for the first name, which everybody has given up, is still under way.
    """
    rows = {
        "bound": Chat(1, "W0", "n0", doubt=late),
        "foreign": Chat(1, "W0", "n0", doubt=late),
        "gone": Chat(1, "W0", "n0", doubt=late),
        "detached": Chat(2, None, "n0", 1, left=("W0",)),
        "new": Chat(1, None, "n0" if late else "", doubt=late),
        "made": Chat(1, None, "n0", planned=True, epoch=1),
    }
    first = Workspace("W0", "theirs" if chat == "foreign" else "n0", None if chat == "foreign" else 0, state="gone" if chat == "gone" else "run")
    requests = (Request(50, "n0", 1, 0, None),) if late else ()
    return begin((rows[chat],), tuple(callers), faults, workspaces=() if chat == "new" else (first,), requests=requests)
