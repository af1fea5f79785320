"""What a random world leaves behind for the checker to read: values only, so that a history can be made by hand as well."""

from __future__ import annotations

from uuid import UUID

import attrs

from chatworkspace import Chat, Outcome, Progress, Sweep, Transition
from chatworkspace.ports import Intent, Plan


@attrs.frozen(kw_only=True)
class Deed:
    """Something that the user did in the platform's own page."""

    kind: str
    at: float
    workspace_id: UUID


@attrs.frozen(kw_only=True)
class BuildMade:
    """A build, by the platform's record."""

    number: int
    transition: Transition
    asked_at: float
    failed: bool = False


@attrs.frozen(kw_only=True)
class Made:
    """A workspace, by the platform's record."""

    id: UUID
    made_as: str
    name: str
    made_at: float
    gone_at: float = float("inf")
    own: bool = False
    """The user made it; no chat did."""
    builds: tuple[BuildMade, ...] = ()


@attrs.frozen(kw_only=True)
class Asked:
    """A request that changes the platform, as it was sent."""

    seq: int
    at: float
    caller: int
    chat_id: str
    kind: str
    """create, start, stop or delete."""
    name: str = ""
    workspace_id: UUID | None = None


@attrs.frozen(kw_only=True)
class Written:
    """A write that the store accepted."""

    seq: int
    at: float
    call: str
    """claim, bind, attach, close_chat or release."""
    caller: int
    """Who took the claim that it carries."""
    chat_id: str
    epoch: int
    token: str
    generation: int
    """After it."""
    before: UUID | None = None
    """What was bound before it."""
    after: UUID | None = None
    """What is bound after it."""
    plan: Plan | None = None
    """That a claim wrote down."""
    keep: bool = False
    """It did so beside the binding: a replacement's plan."""
    stood: bool = False
    """A plan stood before it."""
    stands: bool = False
    """A plan stands after it."""
    name: str = ""
    """In use after it."""
    number: int = 0
    """Of that name."""
    note: str = ""


@attrs.frozen(kw_only=True)
class Observed:
    """The chat's row as the store showed it to a caller."""

    seq: int
    at: float
    caller: int
    chat: Chat
    claimed_for: float = 0.0


@attrs.frozen(kw_only=True)
class Dialled:
    """A dial that worked."""

    seq: int
    at: float
    caller: int
    workspace_id: UUID
    agent_id: UUID


@attrs.frozen(kw_only=True)
class Told:
    """One call, and what its caller was told."""

    caller: int
    process: str
    kind: str
    """create, resume (create and start), replace, replace this, start, stop, attach, detach, delete, status, connect, follow or sweep."""
    chat_id: str
    begun_at: float
    ended_at: float | None
    """None: killed before it was told."""
    wait: float | None = None
    cancelled_at: float | None = None
    """When its wait was ended; None: it was not to be."""
    outcome: Outcome | None = None
    error: str = ""
    """Name of the exception, if it ended with one."""
    leaked: bool = False
    """That exception is none of the library's."""
    progress: tuple[Progress, ...] = ()
    swept: Sweep | None = None
    connected: bool = False
    """It was given a way to the agent."""
    spent: float = 0.0
    """Seconds after its deadline that it spent in port calls that do not wait, paused, or backing off from a failed one."""
    found_none: tuple[int, ...] = ()
    """When (seq) it saw that there was nothing of the name."""
    last: bool = False
    """Made after all faults had ended, and all was quiet."""


@attrs.frozen(kw_only=True)
class Pause:
    """A process that stood still."""

    process: str
    at: float
    seconds: float


@attrs.frozen(kw_only=True)
class Left:
    """What is left in a process, or in the world, when all is over."""

    where: str
    what: str
    count: int


@attrs.frozen(kw_only=True)
class Row:
    """A chat as the store knows it at the end."""

    chat: Chat
    plan: Plan | None = None
    claimed_for: float = 0.0
    marks: tuple[str, ...] = ()
    """Of its numbers, from 0 on."""
    intents: tuple[Intent, ...] = ()


@attrs.frozen(kw_only=True)
class History:
    """All of it."""

    seed: int = 0
    life: float = 30.0
    """Seconds that a claim lives."""
    proof: float = 5.0
    """Seconds for which a dial is proof."""
    standing: float = 900.0
    """Seconds after which the sweep settles a plan."""
    made: tuple[Made, ...] = ()
    deeds: tuple[Deed, ...] = ()
    asked: tuple[Asked, ...] = ()
    written: tuple[Written, ...] = ()
    observed: tuple[Observed, ...] = ()
    dialled: tuple[Dialled, ...] = ()
    told: tuple[Told, ...] = ()
    pauses: tuple[Pause, ...] = ()
    left: tuple[Left, ...] = ()
    rows: tuple[Row, ...] = ()
    sweep: Sweep | None = None
    """The last one."""
    trace: str = attrs.field(default="", repr=False)
