"""What the host gave to the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from chatworkspace._application.admission import Admission
from chatworkspace._application.telling import Callbacks
from chatworkspace.ports import AgentDialer, Clock, Store, WorkspaceCreator
from chatworkspace.timeouts import Timeouts

if TYPE_CHECKING:
    from chatworkspace.events import Event


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Given:
    """The ports, the limits, and what the host wants to be asked and told."""

    store: Store
    creator: WorkspaceCreator
    dialer: AgentDialer
    clock: Clock
    timeouts: Timeouts
    admission: Admission
    callbacks: Callbacks
    max_waiting: int | None = None
    on_event: Callable[[Event], object] | None = None
