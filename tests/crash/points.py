"""Where a process can die: each is before or after a call of a port, so that no hook is needed in the library."""

from __future__ import annotations

from enum import Enum

import attrs

from tests.crash.gate import BUILDING, SCRIPTS

UNDER_WAY = "while coder.create_workspace"
"""The request has arrived at the platform, and is neither acted upon nor answered. It is acted upon after everything else."""


class First(Enum):
    """What the first worker is doing."""

    CREATE = "create"
    REPLACE = "replace"
    ATTACH = "attach"
    DETACH = "detach"
    SETTLE = "settle"
    """Sweeping a standing plan."""
    DISCARD = "discard"
    """Sweeping a stray away."""
    DELETE = "delete"
    """Deleting the chat's workspace, and with it the chat."""


class Death(Enum):
    """What happens to the first worker."""

    KILLED = "killed"
    STOPPED = "stopped"
    """For longer than its claim lives; then it goes on."""


class Next(Enum):
    """Who comes next."""

    SECOND = "second worker"
    """At once, while the first one's claim lives."""
    LATER = "later call"
    """Once the claim's life is over, and the first one, if it lives, has ended its call."""
    OTHER = "other arguments"
    """As the second worker, with another template and another name; where the first one deletes, the second creates with them."""


@attrs.frozen(kw_only=True)
class Point:
    """A place in the first worker's call."""

    name: str
    what: str
    moment: str
    first: First = First.CREATE
    lost: bool = False
    """Where the first worker goes on, the call of the port has no answer."""
    woken: bool = False
    """It is stopped there, for longer than its claim lives, in either case; a kill comes before it goes on."""
    refused: bool = False
    """Somebody took over meanwhile: it was stopped before it could bind, and the moment is behind the refusal."""


POINTS = (
    Point(name="C0", what="before the claim", moment="before store.claim"),
    Point(name="C1", what="claim and plan committed, the answer lost", moment="after store.claim", lost=True),
    Point(name="C2", what="planned, nothing sent", moment="before coder.create_workspace"),
    Point(name="C3", what="request sent, acted upon after all the others", moment=UNDER_WAY),
    Point(name="C4", what="answered, not bound", moment="before store.bind"),
    Point(name="C5", what="bound and committed, the answer lost", moment="after store.bind", lost=True),
    Point(name="C6", what="bound, the build running", moment=BUILDING),
    Point(name="C7", what="built, the agent not dialled", moment="before coder.dial"),
    Point(name="C8", what="connected, scripts running", moment=SCRIPTS),
    Point(name="C9", what="ready, the caller not told", moment="after coder.dial"),
    Point(name="C10", what="stopped with the claim in hand until it was over", moment="before coder.create_workspace", woken=True),
    Point(name="C11", what="overtaken, with a workspace made and refused", moment="after store.bind", refused=True),
    Point(
        name="C12 replace",
        what="planned beside what is bound, nothing sent: still bound",
        moment="before coder.create_workspace",
        first=First.REPLACE,
    ),
    Point(name="C12 attach", what="the user's own attached, the answer lost", moment="after store.attach", first=First.ATTACH, lost=True),
    Point(name="C12 detach", what="claimed, not yet unbound", moment="before store.attach", first=First.DETACH),
    Point(name="C13 settle", what="a sweep has found what a plan became", moment="before store.bind", first=First.SETTLE),
    Point(name="C13 delete", what="a sweep has written a stray down as discarded", moment="before coder.delete_workspace", first=First.DISCARD),
    Point(name="C14 claim", what="a deletion has claimed, the chat not yet closed", moment="before store.close_chat", first=First.DELETE),
    Point(name="C14 close", what="closed, the answer lost", moment="after store.close_chat", first=First.DELETE, lost=True),
    Point(name="C14 write", what="closed, what it had not written down as discarded", moment="before store.discard", first=First.DELETE),
    Point(name="C14 ask", what="written down, the deletion not asked for", moment="before coder.delete_workspace", first=First.DELETE),
    Point(name="C14 answer", what="the deletion under way, the answer lost", moment="after coder.delete_workspace", first=First.DELETE, lost=True),
)


@attrs.frozen(kw_only=True)
class Cell:
    """One run."""

    point: Point
    death: Death
    next: Next

    @property
    def chat_id(self) -> str:
        """A name of its own."""
        return f"{self.point.name}, {self.death.value}, {self.next.value}"


CELLS = tuple(Cell(point=point, death=death, next=next_) for point in POINTS for death in Death for next_ in Next)
