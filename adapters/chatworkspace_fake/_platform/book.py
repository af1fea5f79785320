"""What platforms do differently, as far as it decides what is built: by their version, their licence, and what builds for them."""

from __future__ import annotations

import attrs

from chatworkspace import InvalidArgumentError


@attrs.frozen(kw_only=True)
class Book:
    """The rules of one platform. A field without a word on versions is a switch of whoever runs it.

    classic: parameters are checked the old way, one at a time, unless a template says otherwise (up to 2.24).
    classic_numbers: the old way tells numbers from other text, and knows their range (2.20; 2.24 lets all through).
    takes_presets: a creation may name a preset (from 2.22; before, it is ignored).
    finds_presets: the preset whose answers were all given is found by itself (from about 2.28).
    starts_deleted: a build of a deleted workspace is accepted, and revives nothing (up to 2.27).
    drops_unknown: an answer to a question that nobody asked is dropped without a word; else it is refused.
    licensed: quotas, deprecation and required versions hold.
    cancels_as_failed: a canceled build has failed, with the error "canceled", as its provisioner may report.
    renames: owners may rename their workspaces.
    """

    classic: bool = False
    classic_numbers: bool = True
    takes_presets: bool = True
    finds_presets: bool = True
    starts_deleted: bool = False
    drops_unknown: bool = True
    licensed: bool = True
    cancels_as_failed: bool = False
    renames: bool = False


NEWEST = Book()
_BEFORE_2_25 = Book(classic=True, classic_numbers=False, finds_presets=False, starts_deleted=True)

BOOKS = {
    "2.20": attrs.evolve(_BEFORE_2_25, classic_numbers=True, takes_presets=False),
    "2.24": _BEFORE_2_25,
    "2.29": NEWEST,
    "2.35": NEWEST,
    "newest": NEWEST,
}
"""By the version of the server."""


def book_of(level: object) -> Book:
    """Return the rules of a level by its name. InvalidArgumentError."""
    if not isinstance(level, str) or level not in BOOKS:
        raise InvalidArgumentError("level", f"one of {', '.join(BOOKS)}")
    return BOOKS[level]
