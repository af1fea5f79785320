"""Bounds against hanging, which are no measure of anything: a machine that does other things at the same time is slow, and all is well."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

TIMES = 10
"""Whatever takes longer than so many times what is expected, hangs."""
AT_ONCE = 1.0
"""Seconds, less than which is expected of nothing."""
PATIENCE = TIMES * 6.0
"""Seconds until something has to have happened that is expected within six, on the slowest machine."""


@contextmanager
def not_hanging(seconds: float = AT_ONCE) -> Generator[None, None, None]:
    """Fail if what is inside takes ten times the seconds that are expected of it."""
    began = time.monotonic()
    yield
    took, most = time.monotonic() - began, TIMES * max(seconds, AT_ONCE)
    assert took <= most, f"took {took:.1f} s, where {seconds:g} s were expected"


def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Return when it is so."""
    over = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < over, "it never came"
        time.sleep(0.002)
