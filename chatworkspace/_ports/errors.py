"""What only ports raise, beside UnavailableError and RefusedError of the library; none of it reaches a user."""

from __future__ import annotations


class PortError(Exception):
    """Root of what only ports raise; none of it reaches a user of the library."""


class NotFoundError(PortError):
    """There is no such thing, or it is not visible to the owner."""


class NameTakenError(PortError):
    """The platform: another live workspace of this owner has that name."""


class WorkspaceTakenError(PortError):
    """The store: it is another chat's making, or discarded, or (for discard) bound."""


class ClaimedError(PortError):
    """Somebody else holds the chat. retry_in: seconds by the store's clock until the claim ends."""

    def __init__(self, message: str = "", *, retry_in: float) -> None:
        super().__init__(message or f"claimed for another {retry_in:.3f} s")
        self.retry_in: float = retry_in


class ChangedError(PortError):
    """The chat is not as it was when looked at."""


class StaleClaimError(PortError):
    """Somebody has claimed the chat since."""


class NotAnsweredError(PortError):
    """The request was sent, and nobody knows whether it was acted upon.

    in_flight: it may still be acted upon. False: it was answered with a server error, so that a look by name settles it.
    """

    def __init__(self, message: str = "", *, in_flight: bool = True) -> None:
        super().__init__(message or "not answered")
        self.in_flight: bool = in_flight


class DialError(PortError):
    """The agent was not reached. permanent: it is gone, look for another."""

    def __init__(self, message: str = "", *, permanent: bool = False) -> None:
        super().__init__(message or "the agent was not reached")
        self.permanent: bool = permanent
