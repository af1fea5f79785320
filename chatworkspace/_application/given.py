"""What the host gave to the library."""

from __future__ import annotations

import attrs

from chatworkspace._application.admission import Admission
from chatworkspace._application.telling import Callbacks
from chatworkspace.ports import AgentDialer, Clock, Store, WorkspaceCreator
from chatworkspace.timeouts import Timeouts


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
