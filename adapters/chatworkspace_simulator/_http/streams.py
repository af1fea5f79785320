"""What is answered a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from chatworkspace_simulator._http.connections import Connection
from chatworkspace_simulator._http.messages import Reply

Talk = Callable[[Connection], None]
"""Says all that a stream has to say, and returns when it is over."""


@attrs.frozen(kw_only=True)
class Stream:
    """An answer whose end is not known when it begins: a talk, in place of a body."""

    talk: Talk
    status: int = 200
    content_type: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


Answer = Reply | Stream
"""What a request comes to."""
