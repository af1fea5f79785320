"""See that the rules reject what breaks one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from chatworkspace_contracts import BrokenRuleError, Rule, World, run

W = TypeVar("W", bound=World)

ROUNDS = 5
"""A race in virtual time needs no more to show what is broken."""
SOME = 6
"""One of so many rules that an adapter is not known to break is run over it as well."""


def name_of(broken_or_rules: object) -> str:
    return getattr(broken_or_rules, "__name__", "")


def broken_rules(rules: Sequence[Rule[W]], fresh: Callable[[], W], wanted: Collection[str] = ()) -> set[str]:
    """Run all rules that the worlds can, save races that are not wanted, and return the ids of those that are broken."""
    abilities = fresh().abilities
    runnable = [rule for rule in rules if rule.needs <= abilities and (rule.id in wanted or "race" not in rule.id)]
    return {rule.id for rule in runnable if is_broken(rule, fresh)}


def is_broken(rule: Rule[W], fresh: Callable[[], W]) -> bool:
    """Run one rule."""
    try:
        run(rule, fresh)
    except BrokenRuleError:
        return True
    return False


def expect_rejected(rules: Sequence[Rule[W]], fresh: Callable[[], W], broken: Collection[str]) -> None:
    """See that the rules are broken, and most others are not, of which some are run: what is rejected is those."""
    meant = [rule for rule in rules if rule.id in broken]
    assert broken_rules(meant, fresh, broken) == set(broken)
    others = [rule for rule in rules if rule.id not in broken][::SOME]
    found = broken_rules(others, fresh)
    assert len(found) < len(others) / 2, f"more is broken than meant: {sorted(found)}"
