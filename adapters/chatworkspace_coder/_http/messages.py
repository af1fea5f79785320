"""Requests and answers, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import attrs

from chatworkspace_coder._http.sizes import ONE, Size, parsed

_FRONT = 200
"""Bytes in which a page shows what it is."""


@attrs.frozen(kw_only=True)
class Request:
    """One request. `path` begins behind the server's URL. most: what its answer may be."""

    method: str = "GET"
    path: str
    owner_id: UUID | None
    query: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: Any = attrs.field(default=None, repr=False)
    most: Size = ONE


@attrs.frozen(kw_only=True)
class Answer:
    """What came back. Header names are in small letters.

    url: where it came from, without query: nothing in it is secret. most: what its body may be, when it is read as JSON.
    token_may_change: it was asked for with a token that may be another the next time.
    come_back: seconds before which it is not to be asked for again, for it seems that nobody is there; None: whenever.
    """

    status: int
    url: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    most: Size = attrs.field(default=ONE, repr=False)
    token_may_change: bool = False
    come_back: float | None = None
    _told: list[object] = attrs.field(factory=list[object], init=False, repr=False, eq=False)
    """Its value, or why it has none, once it was asked for."""

    def json(self) -> object:
        """Return the value of the body, which is parsed once. ValueError, which does not quote it."""
        if not self._told:
            try:
                self._told.append(parsed(self.body, self.most))
            except ValueError as error:
                self._told.append(error)
        told = self._told[0]
        if isinstance(told, ValueError):
            raise told
        return told

    @property
    def ok(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def looks_like_html(self) -> bool:
        """The body is marked up: no JSON begins so."""
        return self.body[:_FRONT].lstrip()[:1] == b"<"

    @property
    def is_page(self) -> bool:
        """2xx, and meant for people: by its type, or by how it looks."""
        return self.ok and (self.headers.get("content-type", "").lower().startswith("text/html") or self.looks_like_html)

    @property
    def retry_after(self) -> float | None:
        """The seconds that it asks to wait, or None. Coder sends seconds; what stands between may send a date, which is one of its own clock."""
        told = self.headers.get("retry-after", "").strip()
        if told.isascii() and told.isdigit() and len(told) < 10:
            return float(told)
        return _seconds_between(self.headers.get("date", ""), told)

    @property
    def version(self) -> str:
        """What the server that answered calls its version; empty: it does not say."""
        return self.headers.get("x-coder-build-version", "")[:100]


def _seconds_between(date: str, later: str) -> float | None:
    """Return the seconds from one HTTP date to another, none where it is past; None: they are no dates."""
    try:
        seconds = (parsedate_to_datetime(later) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), 1e9)
