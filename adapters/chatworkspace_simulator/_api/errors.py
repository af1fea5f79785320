"""What the server answers where a port raises."""

from __future__ import annotations

import re

from chatworkspace import RefusedError, UnavailableError
from chatworkspace.ports import DialError, NameTakenError, NotAnsweredError, NotFoundError
from chatworkspace_simulator._http.messages import ApiError, GoneError, missing

_STATUS = re.compile(r"status (\d{3})")


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
            message, colon, detail = str(error).partition(": ")
            found = ApiError(500, message, detail=detail) if colon else ApiError(500, "Internal error creating workspace.", detail=message)
        case UnavailableError():
            found = ApiError(503, "The service is not available.", detail=str(error))
        case _:
            found = ApiError(500, "An internal server error occurred.", detail=str(error))
    return found


def _refusal(error: RefusedError) -> ApiError:
    status = _STATUS.fullmatch(error.detail)
    return ApiError(int(status[1]) if status else 400, error.message, detail="" if status else error.detail, validations=error.validations)
