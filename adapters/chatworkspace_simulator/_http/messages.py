"""Requests and replies of the simulator, as values, and its errors in the server's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from email.message import Message
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from chatworkspace import RefusedError, UnavailableError
from chatworkspace.ports import DialError, NameTakenError, NotAnsweredError, NotFoundError
from chatworkspace_fake._platform.faults import ServedError

if TYPE_CHECKING:
    from chatworkspace_simulator._http.connections import Connection

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
NOT_FOUND = "Resource not found or you do not have access to this resource"
_STATUS = re.compile(r"status (\d{3})")

Validations = tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class User:
    """Who asks."""

    id: UUID
    name: str
    admin: bool
    """May act for everybody."""


@attrs.frozen(kw_only=True)
class Request:
    """A request that has been received, and is allowed."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes
    user: User
    """A route that needs none is given the administrator."""
    arguments: Mapping[str, str]
    """The variable parts of the path."""

    def json(self) -> dict[str, Any]:
        """Return the body. ApiError 400."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise ApiError(400, "Request body must be valid JSON.", detail=str(error)) from error
        if not isinstance(value, dict):
            raise ApiError(400, "Request body must be valid JSON.", detail=f"json: cannot unmarshal {type(value).__name__} into an object")
        return dict(value)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]  # it is the client's

    def id(self, name: str) -> UUID:
        """Return a variable part of the path that is an id. ApiError 400."""
        return uuid_of(self.arguments[name], name)


Talk = Callable[["Connection"], None]
"""Says all that a stream has to say, and returns when it is over."""


@attrs.frozen(kw_only=True)
class Reply:
    """What is answered. A stream has a talk instead of a body."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    talk: Talk | None = None


class ApiError(ServedError):
    """The server says no."""

    def __init__(self, status: int, message: str, *, detail: str = "", validations: Validations = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail
        self.validations = validations

    @property
    def reply(self) -> Reply:
        """The answer to whoever asked."""
        body: dict[str, Any] = {"message": self.message}
        if self.detail:
            body["detail"] = self.detail
        if self.validations:
            body["validations"] = [{"field": field, "detail": detail} for field, detail in self.validations]
        return told(body, status=self.status)


class GoneError(Exception):
    """Nobody is there any more to be answered, or nobody is to be."""


def told(value: object, *, status: int = 200) -> Reply:
    """Answer with a value."""
    return Reply(status=status, body=dumped(value))


def done(status: int = HTTPStatus.NO_CONTENT) -> Reply:
    """Answer without a body."""
    return Reply(status=status, content_type="")


def dumped(value: object) -> bytes:
    """Write a value as the server does: compact, and in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def missing() -> ApiError:
    """Return the error for what is not there or not to be seen: the two look the same."""
    return ApiError(404, NOT_FOUND)


def invalid(field: str, detail: str) -> ApiError:
    """Return the error for a field of a body."""
    return ApiError(400, "Validation failed.", validations=((field, detail),))


def uuid_of(text: object, name: str) -> UUID:
    """Read an id. ApiError 400."""
    try:
        return UUID(str(text))
    except ValueError as error:
        raise ApiError(400, f"Invalid UUID {str(text)!r} for {name!r}.", detail=str(error)) from error


def error_of(error: Exception) -> ApiError:
    """Return what the server answers where a port raises. GoneError: nothing."""
    match error:
        case NotFoundError() | DialError(permanent=True):
            found = missing()
        case NameTakenError():
            found = ApiError(409, str(error), validations=(("name", "This value is already in use and should be unique."),))
        case RefusedError():
            found = _refusal(error)
        case NotAnsweredError(in_flight=True):
            raise GoneError from error
        case DialError():
            found = ApiError(500, "Internal error dialing workspace agent.", detail=str(error) or "agent is unreachable")
        case NotAnsweredError():
            found = ApiError(500, "Internal error creating workspace.", detail=str(error))
        case UnavailableError():
            found = ApiError(503, "The service is not available.", detail=str(error))
        case _:
            found = ApiError(500, "An internal server error occurred.", detail=str(error))
    return found


def _refusal(error: RefusedError) -> ApiError:
    status = _STATUS.fullmatch(error.detail)
    return ApiError(int(status[1]) if status else 400, error.message, detail="" if status else error.detail, validations=error.validations)
