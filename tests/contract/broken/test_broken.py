"""The rules reject what breaks them: each of these adapters breaks some, which are found broken, and each rule is broken by one at least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chatworkspace_contracts import CLOCK_RULES, CREATOR_RULES, DIALER_RULES, STORE_RULES, Ability, Rule
from chatworkspace_fake import FakeCoder, MemoryStore
from tests.contract.broken.clocks import CLOCKS, CountingClock, clocks
from tests.contract.broken.commands import COMMANDS
from tests.contract.broken.creators import asked, watched
from tests.contract.broken.creators.kinds import CREATORS
from tests.contract.broken.dialers import DIALERS
from tests.contract.broken.rejecting import ROUNDS, broken_rules, expect_rejected, is_broken, name_of
from tests.contract.broken.stores import past, read, replacing, written
from tests.contract.broken.stores.kinds import STORES
from tests.contract.broken.stores.shared import SHARED, SharedStore, shared
from tests.contract.worlds import creators_in_virtual_time, dialers_in_real_time, dialers_in_virtual_time, stores_in_virtual_time

pytestmark = pytest.mark.once

pytestmark = pytest.mark.once

MORE = (asked, watched, past, read, replacing, written)
"""Modules that add to what others begin: imported, they have."""


@pytest.mark.parametrize(
    ("rules", "tables"),
    [(CLOCK_RULES, [CLOCKS]), (STORE_RULES, [STORES, SHARED]), (CREATOR_RULES, [CREATORS]), (DIALER_RULES, [DIALERS, COMMANDS])],
    ids=["clocks", "stores", "creators", "dialers"],
)
def test_every_rule_has_an_adapter_that_breaks_it(rules: Sequence[Rule[Any]], tables: Sequence[Any]) -> None:
    """A rule that nothing breaks is not known to look."""
    assert {rule.id for rule in rules} == {rule for table in tables for broken in table.broken.values() for rule in broken}


# ------------------------------------------------------------------ clocks


def test_an_unbroken_clock_is_not_rejected() -> None:
    """What all these are made from keeps every rule, run in the same way."""
    assert broken_rules(CLOCK_RULES, clocks(CountingClock, ROUNDS)) == set()


@pytest.mark.parametrize(("kind", "rules"), CLOCKS.broken.items(), ids=name_of)
def test_a_broken_clock_is_rejected(kind: type[CountingClock], rules: tuple[str, ...]) -> None:
    """The rules that it breaks are found broken."""
    expect_rejected(CLOCK_RULES, clocks(kind, 10 * ROUNDS), rules)


# ------------------------------------------------------------------ stores


def test_an_unbroken_store_is_not_rejected() -> None:
    """What all these are made from keeps every rule, run in the same way."""
    assert broken_rules(STORE_RULES, stores_in_virtual_time(MemoryStore, rounds=ROUNDS)) == set()


@pytest.mark.parametrize(("kind", "rules"), STORES.broken.items(), ids=name_of)
def test_a_broken_store_is_rejected(kind: type[MemoryStore], rules: tuple[str, ...]) -> None:
    """The rules that it breaks are found broken."""
    expect_rejected(STORE_RULES, stores_in_virtual_time(kind, rounds=ROUNDS), rules)


def test_an_unbroken_store_of_several_processes_is_not_rejected() -> None:
    """What those that share are made from keeps every rule."""
    fresh = shared(SharedStore, ROUNDS)
    assert Ability.ANOTHER in fresh().abilities
    assert broken_rules(STORE_RULES, fresh, {rule.id for rule in STORE_RULES}) == set()


@pytest.mark.parametrize(("kind", "rules"), SHARED.broken.items(), ids=name_of)
def test_a_broken_store_of_several_processes_is_rejected(kind: type[SharedStore], rules: tuple[str, ...]) -> None:
    """The rules that it breaks are found broken."""
    expect_rejected(STORE_RULES, shared(kind, ROUNDS), rules)


# ------------------------------------------------------------------ platforms


def test_an_unbroken_platform_is_not_rejected() -> None:
    """What all these are made from keeps every rule, run in the same way."""
    assert broken_rules(CREATOR_RULES, creators_in_virtual_time(FakeCoder, rounds=ROUNDS)) == set()


@pytest.mark.parametrize(("kind", "rules"), CREATORS.broken.items(), ids=name_of)
def test_a_broken_platform_is_rejected(kind: type[FakeCoder], rules: tuple[str, ...]) -> None:
    """The rules that it breaks are found broken."""
    expect_rejected(CREATOR_RULES, creators_in_virtual_time(kind, rounds=ROUNDS), rules)


# ------------------------------------------------------------------ dialers


def test_an_unbroken_dialer_is_not_rejected() -> None:
    """What all these are made from keeps every rule, run in the same way."""
    assert broken_rules(DIALER_RULES, dialers_in_virtual_time(FakeCoder, rounds=ROUNDS)) == set()


@pytest.mark.parametrize(("kind", "rules"), DIALERS.broken.items(), ids=name_of)
def test_a_broken_dialer_is_rejected(kind: type[FakeCoder], rules: tuple[str, ...]) -> None:
    """The rules that it breaks are found broken."""
    expect_rejected(DIALER_RULES, dialers_in_virtual_time(kind, rounds=ROUNDS), rules)


@pytest.mark.parametrize(("kind", "rules"), COMMANDS.broken.items(), ids=name_of)
def test_a_dialer_with_broken_commands_is_rejected(kind: type[FakeCoder], rules: tuple[str, ...]) -> None:
    """The rules that it breaks are found broken, where a real shell runs."""
    meant = [rule for rule in DIALER_RULES if rule.id in rules]
    assert {rule.id for rule in meant if is_broken(rule, dialers_in_real_time(kind))} == set(rules)
