"""Rules are values that can be chosen, run anywhere, and tell what they have seen."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import InvalidArgumentError
from chatworkspace.ports import Claim, Look, NotFoundError
from chatworkspace_contracts import (
    CLOCK_RULES,
    CREATOR_RULES,
    DIALER_RULES,
    STORE_RULES,
    Ability,
    BrokenRuleError,
    ClockWorld,
    CreatorWorld,
    DialerWorld,
    MissingAbilityError,
    RealThreads,
    Rule,
    StoreWorld,
    run,
)
from chatworkspace_contracts._checks import MismatchError, equal, raises
from chatworkspace_fake import FakeCoder, MemoryStore
from tests.packaging.runs import ROOT, clean_environment

RULES: tuple[Rule[Any], ...] = (*CLOCK_RULES, *STORE_RULES, *CREATOR_RULES, *DIALER_RULES)
BY_ID = {rule.id: rule for rule in RULES}
PORTS = {"clock": "Clock", "store": "Store", "creator": "WorkspaceCreator", "dialer": "AgentDialer"}
EPOCH = "store.claim.epoch"
OWNER = UUID(int=1)


class CountsNoEpoch(MemoryStore):
    """A claim leaves the epoch as it is."""

    def claim(self, look: Look, **claimed: Any) -> Claim:
        """Take the count back."""
        claim = super().claim(look, **claimed)
        self._rows[look.chat.id].epoch = look.epoch
        return attrs.evolve(claim, epoch=look.epoch)


class FailsToClaim(MemoryStore):
    """A claim ends with a driver's own error."""

    def claim(self, look: Look, **claimed: Any) -> Claim:
        """Raise."""
        del look, claimed
        raise OSError(5, "the disk is gone")


# ------------------------------------------------------------------ what a rule is


def test_every_rule_has_an_id_of_its_own() -> None:
    """Three parts: the kind of adapter, the topic, the rule. Its name as text is the id."""
    assert len(BY_ID) == len(RULES)
    assert [rule.id for rule in RULES if not re.fullmatch(r"(clock|store|creator|dialer)\.[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", rule.id)] == []
    assert [str(rule) for rule in RULES] == list(BY_ID)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_rule_is_told(rule: Rule[Any]) -> None:
    """A sentence for people, the port that it is of, and whether every platform keeps it."""
    assert re.fullmatch(r"[A-Za-z].{20,}\.", rule.states)
    assert rule.port == PORTS[rule.id.partition(".")[0]]
    assert rule.kept_by == ("some" if rule.id == "creator.watch.not-visible-any-more" else "all")
    assert repr(rule) == f"<Rule {rule.id}>"


def test_every_ability_is_needed() -> None:
    """Nobody has to give what no rule asks for."""
    assert {need for rule in RULES for need in rule.needs} == set(Ability)


@pytest.mark.parametrize("path", ["docs/explanation/guarantees.md", "docs/how-to/adapters.md"])
def test_rules_that_are_named_are_there(path: str) -> None:
    """Whoever reads of a rule finds it."""
    named = re.findall(r"`?\b((?:clock|store|creator|dialer)\.[a-z]+\.[a-z0-9-]+)\b", (ROOT / path).read_text(encoding="utf-8"))
    assert named
    assert set(named) <= set(BY_ID)


# ------------------------------------------------------------------ how one is run


def test_a_broken_rule_is_named() -> None:
    """With its sentence, what was expected and what was seen, for a person and for a program."""
    with pytest.raises(BrokenRuleError) as caught:
        run(BY_ID[EPOCH], lambda: StoreWorld(store=CountsNoEpoch()))
    broken = caught.value
    assert (broken.rule_id, broken.states) == (EPOCH, BY_ID[EPOCH].states)
    assert (broken.expected, broken.seen) == ("the epochs of claim and chat: (1, 1)", "(0, 0)")
    assert str(broken) == f"{EPOCH}: {broken.states}\nexpected the epochs of claim and chat: (1, 1)\nsaw (0, 0)"
    assert isinstance(broken, AssertionError)
    assert broken.__cause__ is None


def test_an_error_of_the_adapter_breaks_a_rule() -> None:
    """Any that the rule does not name. It is the cause, so that whoever checks a server can tell a lost connection."""
    with pytest.raises(BrokenRuleError, match=r"saw OSError: \[Errno 5\] the disk is gone") as caught:
        run(BY_ID[EPOCH], lambda: StoreWorld(store=FailsToClaim()))
    assert isinstance(caught.value.__cause__, OSError)


def test_another_error_than_the_rule_names() -> None:
    """Is told beside the one that was expected."""
    with pytest.raises(BrokenRuleError) as caught:
        run(BY_ID["store.claim.unknown"], lambda: StoreWorld(store=FailsToClaim()))
    assert (caught.value.expected, caught.value.seen) == ("NotFoundError", "OSError: [Errno 5] the disk is gone")
    assert isinstance(caught.value.__cause__, OSError)


def test_every_world_is_ended() -> None:
    """In turn, the last first, whether the rule was kept or not."""
    ended: list[int] = []

    def fresh() -> StoreWorld:
        number = next(numbers)
        return StoreWorld(store=MemoryStore(), end=lambda: ended.append(number))

    numbers = iter(range(10))
    run(BY_ID["store.secret.of-its-own"], fresh)
    assert ended == [1, 0]
    with pytest.raises(BrokenRuleError):
        run(BY_ID[EPOCH], lambda: StoreWorld(store=CountsNoEpoch(), end=lambda: ended.append(2)))
    assert ended == [1, 0, 2]


def test_what_stands_in_the_way_is_no_broken_rule() -> None:
    """A world that cannot be made, or not be ended, is not the adapter's fault: its error comes out as it is."""

    def fresh() -> StoreWorld:
        raise OSError(111, "no database")

    def end() -> None:
        raise OSError(5, "the disk is gone")

    with pytest.raises(OSError, match="no database"):
        run(BY_ID[EPOCH], fresh)
    with pytest.raises(OSError, match="the disk is gone"):
        run(BY_ID[EPOCH], lambda: StoreWorld(store=MemoryStore(), end=end))


STORE, PLATFORM = MemoryStore(), FakeCoder()


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (StoreWorld, {"store": None}, "store: expected a Store; NoneType has no "),
        (StoreWorld, {"store": MemoryStore}, "store: expected a Store, not a class"),
        (StoreWorld, {"store": STORE, "another": STORE}, "another: expected a function"),
        (StoreWorld, {"store": STORE, "end": None}, "end: expected a function"),
        (ClockWorld, {"clock": 0}, "clock: expected a Clock; int has no "),
        (ClockWorld, {"threads": 8}, "threads: expected a Threads; int has no together()"),
        (CreatorWorld, {"creator": "coder", "owner_id": OWNER, "template": None}, "creator: expected a WorkspaceCreator; str has no "),
        (CreatorWorld, {"creator": PLATFORM, "owner_id": str(OWNER), "template": None}, "owner_id: expected a UUID"),
        (CreatorWorld, {"creator": PLATFORM, "owner_id": OWNER, "template": "docker"}, "template: expected a Template"),
        (DialerWorld, {"dialer": STORE, "ready": None}, "dialer: expected an AgentDialer; MemoryStore has no dial()"),
        (DialerWorld, {"dialer": PLATFORM, "ready": None}, "ready: expected a function"),
        (run, {"rule": None, "fresh": None}, "rule: expected a Rule"),
        (run, {"rule": BY_ID[EPOCH], "fresh": StoreWorld(store=STORE)}, "fresh: expected a function that returns a World"),
        (run, {"rule": BY_ID[EPOCH], "fresh": MemoryStore}, "fresh: expected a function that returns a World"),
    ],
)
def test_what_is_wrong_is_told_where_it_comes_in(kind: Callable[..., object], given: dict[str, Any], expected: str) -> None:
    """It is neither a broken rule nor an error from somewhere within one."""
    with pytest.raises(InvalidArgumentError, match=f"^{re.escape(expected)}") as caught:
        kind(**given)
    assert caught.value.argument == expected.partition(":")[0]


def test_a_rule_that_cannot_be_run() -> None:
    """MissingAbilityError names what is missing; nothing was tried, and the world is ended."""
    ended: list[bool] = []
    rule = BY_ID["store.sharing.secret"]
    with pytest.raises(MissingAbilityError, match=r"store\.sharing\.secret cannot be run here: the world lacks ANOTHER") as caught:
        run(rule, lambda: StoreWorld(store=MemoryStore(), end=lambda: ended.append(True)))
    assert (caught.value.rule_id, caught.value.missing) == (rule.id, frozenset({Ability.ANOTHER}))
    assert ended == [True]


ONCE = """
import sys
import chatworkspace_contracts as it
assert False, "python -O takes no assert"
loaded = {name.partition(".")[0] for name in sys.modules}
from chatworkspace_fake import MemoryStore

class Mute(MemoryStore):
    def secret(self):
        return b""

for rule in it.STORE_RULES[:2]:
    try:
        it.run(rule, lambda: it.StoreWorld(store=Mute()))
    except it.BrokenRuleError as broken:
        print(broken.rule_id, broken.seen)
print(*sorted(loaded & {"pytest", "hypothesis", "requests", "psycopg", "sqlite3", "websocket", "chatworkspace_fake", "chatworkspace_coder"}))
print(it.STORE_RULES[0].states, it.Ability.HIDE.value, it.__version__, sep="; ")
"""


@pytest.mark.parametrize("mode", ["-O", "-OO"])
def test_rules_look_in_every_mode_and_need_no_test_tool(mode: str) -> None:
    """Under python -O a broken rule is still found, and under -OO its sentence is still there. Nothing is loaded but attrs and the library."""
    environment = clean_environment(PYTHONPATH=f"{ROOT}:{ROOT / 'adapters'}")
    done = subprocess.run([sys.executable, mode, "-c", ONCE], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    broken, loaded, told = done.stdout.splitlines()
    assert broken == "store.secret.32-bytes 0"
    assert loaded == ""
    assert re.fullmatch(r"The secret has 32 bytes.*; the right to see a .*; \d+\.\d+\.\d+", told)


# ------------------------------------------------------------------ threads


def test_threads_return_in_order() -> None:
    """Whoever is first."""
    assert RealThreads().together([partial(int, number) for number in range(8)]) == list(range(8))


def test_threads_all_end_before_an_error_comes_out() -> None:
    """The first, in the order of the calls."""
    ended: list[int] = []
    clock = ClockWorld().clock

    def fail(error: Exception) -> None:
        raise error

    def end() -> None:
        clock.sleep(0.05)
        ended.append(1)

    with pytest.raises(KeyError):
        RealThreads().together([end, lambda: fail(KeyError()), lambda: fail(IndexError())])
    assert ended == [1]


def test_threads_that_do_not_end_are_given_up() -> None:
    """A deadlock in an adapter ends the rule, not the run."""
    signal = ClockWorld().clock.signal()
    with pytest.raises(TimeoutError, match=r"within 0\.1 s"):
        RealThreads(limit=0.1).together([lambda: signal.wait(None)])
    signal.set()


# ------------------------------------------------------------------ comparing


def test_of_two_alike_the_difference_is_told() -> None:
    """Not all of two values that are alike but for a field."""
    one = MemoryStore().open_chat("chat-1", UUID(int=1), UUID(int=2))
    with pytest.raises(MismatchError) as caught:
        equal("the chat", attrs.evolve(one, generation=7), one)
    assert caught.value.seen == "generation=7 for 1"


def test_an_error_that_does_not_come() -> None:
    """Is a mismatch, as another one is; a mismatch inside comes out as it is."""
    with pytest.raises(MismatchError, match="expected NotFoundError or KeyError; saw no error"), raises(NotFoundError, KeyError):
        pass
    with pytest.raises(MismatchError, match="saw IndexError"), raises(NotFoundError):
        raise IndexError
    with pytest.raises(MismatchError, match="expected one: 1; saw 2"), raises(NotFoundError):
        equal("one", 2, 1)
