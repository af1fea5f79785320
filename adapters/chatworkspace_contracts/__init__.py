"""The rules of the ports: for tests, for writers of adapters, for whoever checks a server.

Each rule is a value: an id, one sentence, what it needs, and how to see whether it is kept. There is a tuple of them for each port, and
run() looks at one:

    import pytest
    from chatworkspace_contracts import STORE_RULES, Ability, Rule, StoreWorld, run

    @pytest.mark.parametrize("rule", [it for it in STORE_RULES if Ability.ANOTHER not in it.needs], ids=str)
    def test_my_store_keeps(rule: Rule[StoreWorld]) -> None:
        run(rule, lambda: StoreWorld(store=MyStore()))

A world is the adapter, fresh, on a clock and with threads that race: StoreWorld, CreatorWorld, DialerWorld, ClockWorld. What else rules may do to it
is an Ability each; a rule whose needs a world does not meet is not run, but ends with MissingAbilityError, so that whoever chooses the rules
chooses knowingly. A rule that is not kept is a BrokenRuleError, which names it, what was expected and what was seen. A Deployment makes worlds of a
platform that others use as well, and deletes what rules have made there.

Needs attrs and the library itself, no test tool, and works in every mode of the interpreter. Durations are seconds (float). All of it is safe
from any thread.
"""

from __future__ import annotations

from chatworkspace import __version__
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._clocks import CLOCK_RULES
from chatworkspace_contracts._creator import CREATOR_RULES
from chatworkspace_contracts._deployment import Deployment
from chatworkspace_contracts._dialers import DIALER_RULES
from chatworkspace_contracts._guarded import LeftOff
from chatworkspace_contracts._rules import BrokenRuleError, MissingAbilityError, Rule, run
from chatworkspace_contracts._store import STORE_RULES
from chatworkspace_contracts._threads import RealThreads, Threads
from chatworkspace_contracts._worlds import ClockWorld, CreatorWorld, DialerWorld, StoreWorld, World

__all__ = [
    "CLOCK_RULES",
    "CREATOR_RULES",
    "DIALER_RULES",
    "STORE_RULES",
    "Ability",
    "BrokenRuleError",
    "ClockWorld",
    "CreatorWorld",
    "Deployment",
    "DialerWorld",
    "LeftOff",
    "MissingAbilityError",
    "RealThreads",
    "Rule",
    "StoreWorld",
    "Threads",
    "World",
    "__version__",
    "run",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
