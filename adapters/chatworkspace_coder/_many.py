"""Reading many workspaces at once: an owner's, page by page. Only what is waited for, and has changed, is made a value."""

from __future__ import annotations

import marshal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Workspace
from chatworkspace_coder._answers.fields import UnreadableError, as_list, as_object, number, text
from chatworkspace_coder._api import V2, Api
from chatworkspace_coder._http.sizes import LIST
from chatworkspace_coder._memory import Cache
from chatworkspace_coder._users import Users
from chatworkspace_coder._workspaces import Workspaces

PAGE = 250
"""Workspaces of one answer, which then stays well below its limits. An older server that knows no pages tells all at once."""
MOST_PAGES = 40
"""A server whose pages do not come to an end would be asked without end."""
MOST_KNOWN = 10_000
NAMED = 60.0
"""Seconds for which an owner's name is believed: of one who was renamed nothing is listed, and each is read by itself meanwhile."""


@attrs.frozen
class _Told:
    digest: bytes
    value: Workspace


class Many:
    """Reads many. Safe from any thread."""

    def __init__(self, api: Api, users: Users, workspaces: Workspaces) -> None:
        self._api = api
        self._users = users
        self._workspaces = workspaces
        self._names = Cache[tuple[str, float]]()
        """Owner -> name, and until when it is believed."""
        self._told = Cache[_Told](MOST_KNOWN)
        """Workspace -> what it was made of last, as a digest: what is told of one has some kilobytes."""

    def read(self, owner_id: UUID, organization_id: UUID, workspaces: Sequence[Workspace], deadline: float) -> list[Workspace]:
        """Return those that are listed, whole. NotFoundError, UnavailableError."""
        query = {"q": f"owner:{self._name(owner_id, deadline)}", "limit": str(PAGE)}
        wanted, found, offset = {str(it.id): it for it in workspaces}, list[Workspace](), 0
        for _ in range(MOST_PAGES):
            rows, count = self._api.get(f"{V2}/workspaces", owner_id, deadline, _page, {**query, "offset": str(offset)}, most=LIST)
            found += self._read(rows, wanted)
            offset += len(rows)
            if not rows or offset >= count:
                break
        return [it for it in found if it.owner_id == owner_id and it.organization_id == organization_id and not it.deleted]

    def _name(self, owner_id: UUID, deadline: float) -> str:
        known = self._names.get(owner_id)
        if known is None or time.monotonic() >= known[1]:
            known = self._users.username(owner_id, deadline), time.monotonic() + NAMED
            self._names.put(owner_id, known)
        return known[0]

    def _read(self, rows: Sequence[Any], wanted: Mapping[str, Workspace]) -> list[Workspace]:
        found: list[Workspace] = []
        for row in rows:
            with suppress(UnreadableError):  # as if it were not listed
                known = wanted.get(text(as_object(row), "id"))
                if known is not None:
                    found.append(self._value(row, known))
        return found

    def _value(self, row: Any, known: Workspace) -> Workspace:
        """Return what is told of one: what is known, if that was made of the very same, and nothing of it is counted from now."""
        digest = blake2b(marshal.dumps(row, 2), digest_size=16).digest()
        told = self._told.get(known.id)
        if told is not None and told.digest == digest and told.value is known and all(it.disconnected_for is None for it in known.agents):
            return known
        value = self._workspaces.read(row)
        self._told.put(value.id, _Told(digest, value))
        return value


def _page(told: object) -> tuple[list[Any], int]:
    """Return the rows of a page, and how many there are on all of them."""
    it = as_object(told)
    rows = as_list(it.get("workspaces"))
    count = number(it, "count")
    return rows, len(rows) if count is None else count
