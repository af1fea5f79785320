"""When a workspace is to stop that is in use: pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from chatworkspace_coder._extending import end_of

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)


def _at(minutes: float | None) -> datetime | None:
    return None if minutes is None else NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("lasts", "stops", "latest", "expected"),
    [(90, 60, None, 90), (90, 60, 75, 75), (90, 60, 60, None), (30, 60, None, None), (5, 10, None, 31), (5, 10, 20, 20), (90, None, None, None)],
)
def test_the_end(lasts: float, stops: float | None, latest: float | None, expected: float | None) -> None:
    """Later than before, as far as the template lets it, and no nearer than servers take; where it does not stop by itself, none."""
    assert end_of(NOW, lasts * 60, _at(stops), _at(latest)) == _at(expected)
