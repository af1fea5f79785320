"""Every story that callers, faults and a user can tell together about one store and one platform, walked breadth first.

What the callers do is a protocol's own: `naming` has the first one and the repairs that it needed, `replacing` the one that is built. Here stands
what they share: the platform, whose live names are unique; requests, which are acted upon at any later moment, or never; the faults, of which a
story has as many as its budget allows; and the search. The first story found that breaks a property is a shortest one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import attrs

FAULTS = ("crash", "expire", "timeout", "delete", "rename", "stranger", "refuse", "fail", "unreach", "failover")
"""crash: a caller dies. expire: a claim is over, however long its holder stands still. timeout: a caller gives its request up. delete, rename: the
user does so. stranger: the user makes one by hand, of a name that was wished for. refuse: the platform does. fail: a build does. unreach: an agent
cannot be reached. failover: the store loses its last commit."""


class Workspace(NamedTuple):
    """One that the platform knows, or knew."""

    id: str
    name: str
    maker: int | None
    """The chat for which it was asked for; None: the user's own."""
    template: int = 1
    state: str = "run"
    """run, failed, unreach or gone."""


class Request(NamedTuple):
    """A creation under way."""

    id: int
    name: str
    template: int
    chat: int
    sender: int | None
    """The caller who waits for the answer; None: it was given up."""
    answer: tuple[str, ...] | None = None
    """None: not acted upon yet. Else ("made", id), ("taken",) or ("refused",)."""


class State(NamedTuple):
    """The world between two steps. What a chat's row and a caller are is the protocol's own."""

    chats: tuple[Any, ...]
    intents: tuple[Any, ...]
    workspaces: tuple[Workspace, ...]
    requests: tuple[Request, ...]
    callers: tuple[Any, ...]
    budget: tuple[int, ...]
    """How many of each fault may still happen."""
    before: tuple[Any, ...] | None
    """The store before its last commit: what a fail-over falls back to."""
    drawn: int = 0
    """Names drawn at random so far."""
    told: tuple[tuple[int, str | None], ...] = ()
    """Generations, and the workspace that somebody was told for each."""


Move = tuple[str, State]
"""What happens, and the world after it."""


def begin(chats: tuple[Any, ...], callers: tuple[Any, ...], faults: Mapping[str, int], **more: Any) -> State:
    """Return a world in which nothing has happened yet."""
    start = State(chats, (), (), (), callers, tuple(faults.get(fault, 0) for fault in FAULTS), None)
    return start._replace(**more)


# ---------------------------------------------------------------- small things


def put(values: tuple[Any, ...], index: int, value: Any) -> tuple[Any, ...]:
    """Return them with another one in a place."""
    return (*values[:index], value, *values[index + 1 :])


def left(state: State, fault: str) -> int:
    """Return how many of a fault may still happen."""
    return state.budget[FAULTS.index(fault)]


def spend(state: State, fault: str) -> State:
    """Return the world in which one more of a fault has happened."""
    index = FAULTS.index(fault)
    return state._replace(budget=put(state.budget, index, state.budget[index] - 1))


def by_name(state: State, name: str) -> Workspace | None:
    """Return the live workspace of a name."""
    return next((it for it in state.workspaces if it.name == name and it.state != "gone"), None)


def by_id(state: State, workspace_id: str | None) -> Workspace | None:
    """Return a workspace, gone or not."""
    return next((it for it in state.workspaces if it.id == workspace_id), None)


def is_live(state: State, workspace_id: str | None) -> bool:
    """Tell whether it is there."""
    found = by_id(state, workspace_id)
    return found is not None and found.state != "gone"


def committed(old: State, new: State) -> State:
    """Return the new world, in which a write of the store was committed: a fail-over may take it back."""
    return new._replace(before=(old.chats, old.intents)) if left(old, "failover") else new


def sent(state: State, request: Request) -> tuple[State, int]:
    """Return the world with a request under way, and the number that it has."""
    used = {it.id for it in state.requests}
    number = next(it for it in range(1, 99) if it not in used)
    return state._replace(requests=(*state.requests, request._replace(id=number))), number


def given_up(state: State, caller: int) -> State:
    """Return the world in which nobody waits for this caller's request: it may be acted upon all the same, and an answer is lost."""
    kept = tuple(it for it in state.requests if it.sender != caller or it.answer is None)
    return state._replace(requests=tuple(it._replace(sender=None) if it.sender == caller else it for it in kept))


def is_over(caller: Any) -> bool:
    """Tell whether a caller has ended its calls, or has died."""
    return bool(caller.at.startswith("done") or caller.at == "dead")


def is_quiet(state: State) -> bool:
    """Tell whether everybody has ended, and nothing is under way."""
    return not state.requests and all(map(is_over, state.callers))


# ---------------------------------------------------------------- what happens by itself


def world_moves(state: State) -> Iterator[Move]:
    """Yield what the platform, the network, time, the user and the store may do next."""
    for request in state.requests:
        if request.answer is None:
            yield from _of_request(state, request)
    for number, chat in enumerate(state.chats):
        if left(state, "expire") and chat.valid:
            over = spend(state, "expire")._replace(chats=put(state.chats, number, chat._replace(valid=False)))
            yield f"time: the claim of epoch {chat.epoch} is over", over
    for index, workspace in enumerate(state.workspaces):
        if workspace.state != "gone" and workspace.maker is not None:
            yield from _of_workspace(state, index, workspace)
    yield from _of_strangers(state)
    if left(state, "failover") and state.before is not None:
        lost = spend(state, "failover")._replace(chats=state.before[0], intents=state.before[1], before=None)
        yield "store: fails over, the last commit is lost", lost


def _of_request(state: State, request: Request) -> Iterator[Move]:
    late = " late" if request.sender is None else ""
    if by_name(state, request.name):
        yield f"platform: POST {request.name} arrives{late}: taken", _answered(state, request, ("taken",))
    else:
        made = Workspace(f"W{len(state.workspaces) + 1}", request.name, request.chat, request.template)
        after = state._replace(workspaces=(*state.workspaces, made))
        yield f"platform: POST {request.name} arrives{late}: makes {made.id}", _answered(after, request, ("made", made.id))
    if request.sender is None:
        yield f"network: POST {request.name} is lost for good", _without(state, request)
    if left(state, "refuse"):
        yield f"platform: POST {request.name} is refused", _answered(spend(state, "refuse"), request, ("refused",))


def _answered(state: State, request: Request, answer: tuple[str, ...]) -> State:
    if request.sender is None:
        return _without(state, request)
    return state._replace(requests=tuple(it._replace(answer=answer) if it.id == request.id else it for it in state.requests))


def _without(state: State, request: Request) -> State:
    return state._replace(requests=tuple(it for it in state.requests if it.id != request.id))


def _of_workspace(state: State, index: int, workspace: Workspace) -> Iterator[Move]:
    def changed(fault: str, **changes: Any) -> State:
        return spend(state, fault)._replace(workspaces=put(state.workspaces, index, workspace._replace(**changes)))

    if left(state, "delete"):
        yield f"user: deletes {workspace.id}", changed("delete", state="gone")
    if left(state, "rename") and not workspace.name.startswith("renamed"):
        yield f"user: renames {workspace.id}", changed("rename", name=f"renamed-{workspace.id}")
    if left(state, "fail") and workspace.state == "run":
        yield f"platform: the build of {workspace.id} fails", changed("fail", state="failed")
    if left(state, "unreach") and workspace.state == "run":
        yield f"platform: {workspace.id} cannot be reached", changed("unreach", state="unreach")


def _of_strangers(state: State) -> Iterator[Move]:
    if not left(state, "stranger"):
        return
    for name in sorted({caller.wish for caller in state.callers if caller.wish}):
        if not by_name(state, name):
            made = Workspace(f"U{len(state.workspaces) + 1}", name, None)
            yield f"user: makes {made.id} by hand, name {name}", spend(state, "stranger")._replace(workspaces=(*state.workspaces, made))


# ---------------------------------------------------------------- what a caller does


class Step:
    """One caller at one moment. Each protocol has its own: what may happen next."""

    def __init__(self, state: State, index: int) -> None:
        self.state = state
        self.index = index

    def to(self, state: State, me: Any, label: str) -> Move:
        """Return a move after which the caller is that far."""
        return f"{'ABCD'[self.index]} ({me.op}): {label}", state._replace(callers=put(state.callers, self.index, me))

    def row(self, state: State, chat: int = 0, **changes: Any) -> State:
        """Return the world with another row of a chat."""
        return state._replace(chats=put(state.chats, chat, state.chats[chat]._replace(**changes)))

    def answered(self, me: Any, *, found_as: str, taken: str, **given_up_with: Any) -> Iterator[Move]:
        """Yield what becomes of a request under way: its answer, if it has one, and that nobody waits for it.

        found_as: the caller's field for what was made. taken: where the caller is when the name is taken, or nothing is known.
        """
        request = next(it for it in self.state.requests if it.id == me.request)
        if request.answer is not None:
            state = self.state._replace(requests=tuple(it for it in self.state.requests if it.id != request.id))
            at = {"made": "bind", "taken": taken, "refused": "refused"}[request.answer[0]]
            made = {found_as: request.answer[1] if at == "bind" else None}
            yield self.to(state, me._replace(at=at, request=0, **made), f"is answered: {' '.join(request.answer)}")
        if left(self.state, "timeout"):
            state = given_up(spend(self.state, "timeout"), self.index)
            yield self.to(state, me._replace(at=taken, request=0, **given_up_with), "gets no answer")

    def dies(self, blank: Any) -> Iterator[Move]:
        """Yield the caller's death, if one may still happen."""
        if left(self.state, "crash"):
            at = self.state.callers[self.index].at
            yield self.to(given_up(spend(self.state, "crash"), self.index), blank, f"dies at {at!r}")


# ---------------------------------------------------------------- the search


@attrs.frozen
class Found:
    """What a search came to."""

    broken: str
    """The property that broke, and how; empty: all hold."""
    story: tuple[str, ...]
    states: int


class TooManyError(Exception):
    """More states than the search may see: it proves nothing."""


def explore(start: State, moves: Callable[[State], Iterator[Move]], broken: Callable[[State], str], *, most: int = 8_000_000) -> Found:
    """Walk every story from the start on. broken: says what is wrong with a world, or nothing. TooManyError."""
    came_from: dict[State, tuple[State, str] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        for label, after in (*moves(state), *world_moves(state)):
            if after in came_from:
                continue
            came_from[after] = state, label
            if why := broken(after):
                return Found(why, _story(came_from, after), len(came_from))
            waiting.append(after)
        if len(came_from) > most:
            raise TooManyError(f"more than {most} states")
    return Found("", (), len(came_from))


def _story(came_from: Mapping[State, tuple[State, str] | None], end: State) -> tuple[str, ...]:
    labels: list[str] = []
    step = came_from[end]
    while step is not None:
        labels.append(step[1])
        step = came_from[step[0]]
    return tuple(reversed(labels))


def first_way(state: State, moves: Callable[[State], Iterator[Move]], *, steps: int = 200) -> State:
    """Return where one story ends in which nothing is lost for good: what a caller does first, and else the world."""
    for _ in range(steps):
        calm = (move for move in world_moves(state) if "lost for good" not in move[0])
        step = next(moves(state), None) or next(calm, None)
        if step is None:
            break
        state = step[1]
    return state
