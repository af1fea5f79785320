"""Requests and replies as values, and refusals in the server's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus
from typing import Any
from uuid import UUID

import attrs

from chatworkspace_fake._platform.faults import ServedError

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
NOT_FOUND = "Resource not found or you do not have access to this resource"

_LENGTH = 36
"""Of an id, written with hyphens."""

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


@attrs.frozen(kw_only=True)
class Reply:
    """What is answered: all of it."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


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


ACTIVE = "A workspace build is already active."
NO_AGENT = "Agent doesn't exist with that id, or you do not have access to it."
NO_ROUTE = "Route not found."
NO_USER = '"user" must be an existing uuid or username.'


def missing() -> ApiError:
    """Return the error for what is not there or not to be seen: the two look the same."""
    return ApiError(404, NOT_FOUND)


def invalid(field: str, detail: str) -> ApiError:
    """Return the error for a field of a body."""
    return ApiError(400, "Validation failed.", validations=((field, detail),))


def optional_uuid(value: object) -> UUID | None:
    """Read an id in a body that may be left out: null and the id of zeros are none. ApiError 400."""
    if value is None:
        return None
    try:
        found = UUID(value) if isinstance(value, str) and len(value) == _LENGTH else None
    except ValueError:
        found = None
    if found is None:
        raise ApiError(400, "Request body must be valid JSON.", detail=f"invalid UUID length: {len(str(value))}")
    return None if found.int == 0 else found


def uuid_of(text: object, name: str) -> UUID:
    """Read an id. ApiError 400."""
    try:
        return UUID(str(text))
    except ValueError as error:
        raise ApiError(400, f"Invalid UUID {str(text)!r} for {name!r}.", detail=str(error)) from error
