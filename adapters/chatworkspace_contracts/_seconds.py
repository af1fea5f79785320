"""How long rules wait, in seconds, and how many threads race."""

from __future__ import annotations

BRIEF = 0.05
"""What a rule can wait for."""
LONG = 30.0
"""What no rule waits for, unless it is broken."""
SOON = 5.0
"""Within which what need not wait has happened, on the slowest machine."""
QUIET = 1.0
"""After which nothing more is to come."""
GRAIN = 1e-6
"""Within which two instants count as one."""
THREADS = 8
"""As many as race."""
