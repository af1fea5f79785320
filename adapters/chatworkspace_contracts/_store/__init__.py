"""The rules of Store."""

from __future__ import annotations

from chatworkspace_contracts._rules import Rule
from chatworkspace_contracts._store.binding import BINDING
from chatworkspace_contracts._store.claiming import CLAIMING
from chatworkspace_contracts._store.history import HISTORY
from chatworkspace_contracts._store.leaving import CLOSING, LEAVING, RELEASING
from chatworkspace_contracts._store.opening import OPENING, SECRET
from chatworkspace_contracts._store.planning import PLANNING
from chatworkspace_contracts._store.races import RACES
from chatworkspace_contracts._store.replacing import REPLACING
from chatworkspace_contracts._store.sharing import SHARING
from chatworkspace_contracts._store.sweeping import DISCARDING, PURGING, SWEEPING
from chatworkspace_contracts._store.turns import TURNS
from chatworkspace_contracts._store.values import VALUES
from chatworkspace_contracts._store.writing import WRITING
from chatworkspace_contracts._worlds import StoreWorld

STORE_RULES: tuple[Rule[StoreWorld], ...] = (
    *SECRET.rules,
    *OPENING.rules,
    *VALUES.rules,
    *CLAIMING.rules,
    *PLANNING.rules,
    *TURNS.rules,
    *WRITING.rules,
    *BINDING.rules,
    *LEAVING.rules,
    *CLOSING.rules,
    *RELEASING.rules,
    *REPLACING.rules,
    *DISCARDING.rules,
    *HISTORY.rules,
    *SWEEPING.rules,
    *PURGING.rules,
    *RACES.rules,
    *SHARING.rules,
)
"""All rules of Store."""
