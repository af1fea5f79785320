"""Moving the time at which a workspace stops by itself."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from chatworkspace import Transition, UnavailableError, Workspace
from chatworkspace.ports import NotAnsweredError, NotFoundError
from chatworkspace_coder._answers.fields import as_object
from chatworkspace_coder._api import V2, Api

LEAST = timedelta(minutes=31)
"""A server takes no time that is less than half an hour ahead."""

MOST = 10 * 365 * 86400.0
"""Seconds."""


def extend(api: Api, workspace: Workspace, lasts: float, deadline: float) -> None:
    """Have it run on for so many seconds, as far as its template lets it. UnavailableError; what may not be, or is not there, is left at that."""
    try:
        told = as_object(api.get(f"{V2}/workspaces/{workspace.id}", workspace.owner_id, deadline, as_object)["latest_build"])
    except NotFoundError:
        return
    if told.get("transition") != Transition.START.value:
        return
    now = api.server_time() or datetime.now(timezone.utc)
    wanted = end_of(now, lasts, _date(told.get("deadline")), _date(told.get("max_deadline")))
    if wanted is None:
        return
    try:
        api.change("PUT", f"{V2}/workspaces/{workspace.id}/extend", workspace.owner_id, {"deadline": wanted.isoformat()}, deadline)
    except NotAnsweredError as error:
        raise UnavailableError(str(error)) from error


def end_of(now: datetime, lasts: float, stops_at: datetime | None, latest: datetime | None) -> datetime | None:
    """Return when it is to stop instead of `stops_at`; None: it is left as it is. latest: how far the template lets it be moved."""
    wanted = now + max(timedelta(seconds=min(lasts, MOST)), LEAST)
    if latest is not None:
        wanted = min(wanted, latest)
    return wanted if stops_at is not None and stops_at < wanted else None


def _date(text: object) -> datetime | None:
    """Return a date; None: there is none, or that which stands for none."""
    if not isinstance(text, str) or text.startswith("0001-"):
        return None
    try:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return date if date.tzinfo is not None else None
