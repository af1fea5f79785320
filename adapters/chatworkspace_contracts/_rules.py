"""Rules as values, and how one is run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Generic, Literal, TypeVar

import attrs

from chatworkspace import InvalidArgumentError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import MismatchError, told
from chatworkspace_contracts._worlds import World

W = TypeVar("W", bound=World)
S = TypeVar("S")
Look = Callable[[Callable[[], S]], None]
Port = Literal["Clock", "Store", "WorkspaceCreator", "AgentDialer"]
_RETURNS_A_WORLD = "a function that returns a World, another each time"


@attrs.frozen(kw_only=True, repr=False)
class Rule(Generic[W]):
    """One sentence of a port's contract, and how to see whether it is kept. str() is its id.

    id: stable; the kind of adapter, the topic and the rule, with dots between.
    states: the sentence.
    port: the protocol of chatworkspace.ports that it is of; those of watches and connections go with whoever hands them out.
    needs: what a world must have for it to be run.
    kept_by: whether all platforms keep it, or some cannot, and the library does without there.
    reads: it changes nothing on a platform, and takes a moment there.
    body: given what returns fresh worlds, returns where the rule is kept. Use run(), which names the rule where it is not.
    """

    id: str
    states: str
    port: Port
    needs: frozenset[Ability] = frozenset()
    kept_by: Literal["all", "some"] = "all"
    reads: bool = False
    body: Callable[[Callable[[], W]], None]

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<Rule {self.id}>"


class BrokenRuleError(AssertionError):
    """An adapter does not keep a rule. `__cause__` is the adapter's own error, if there was one.

    rule_id, states: of the rule.
    expected: what should have been seen, by the rule.
    seen: what was.
    """

    def __init__(self, rule: Rule[W], *, expected: str, seen: str) -> None:
        super().__init__(f"{rule.id}: {rule.states}\nexpected {expected}\nsaw {seen}")
        self.rule_id: str = rule.id
        self.states: str = rule.states
        self.expected: str = expected
        self.seen: str = seen


class MissingAbilityError(Exception):
    """A rule needs what a world has not, so nothing was tried: choose by `Rule.needs` what is run.

    rule_id: of the rule.
    missing: what it needs and the world has not.
    """

    def __init__(self, rule: Rule[W], missing: frozenset[Ability]) -> None:
        names = ", ".join(sorted(it.name for it in missing))
        super().__init__(f"{rule.id} cannot be run here: the world lacks {names}")
        self.rule_id: str = rule.id
        self.missing: frozenset[Ability] = missing


def run(rule: Rule[W], fresh: Callable[[], W]) -> None:
    """See whether an adapter keeps a rule: returns if it does. Safe from any thread.

    fresh: returns a world in which nothing has happened, another each time; some rules ask for several. Each one's end() is called at last.
    BrokenRuleError: it is not kept. MissingAbilityError: it cannot be run there. InvalidArgumentError: `rule` is no rule, or `fresh` no function that
    returns a world. What fresh() or end() raises comes out as it is.
    """
    _check(rule, fresh)
    with ExitStack() as ends:
        worlds = _Worlds(rule, fresh, ends)
        try:
            rule.body(worlds.fresh)
        except MismatchError as it:
            broken = BrokenRuleError(rule, expected=it.expected, seen=it.seen)
            raise broken.with_traceback(it.__traceback__) from it.__cause__
        except Exception as error:
            if error is worlds.error:
                raise
            raise BrokenRuleError(rule, expected="no error of this kind", seen=told(error)) from error


def _check(rule: Any, fresh: Any) -> None:
    if not isinstance(rule, Rule):
        raise InvalidArgumentError("rule", "a Rule, of STORE_RULES for one")
    if not callable(fresh):
        raise InvalidArgumentError("fresh", _RETURNS_A_WORLD)


def _check_world(world: object) -> None:
    if not isinstance(world, World):
        raise InvalidArgumentError("fresh", _RETURNS_A_WORLD)


class _Worlds(Generic[W]):
    """The worlds of one run. `error` is what stands in their way, which is no fault of the adapter's."""

    def __init__(self, rule: Rule[W], fresh: Callable[[], W], ends: ExitStack) -> None:
        self.error: Exception | None = None
        self._rule = rule
        self._fresh = fresh
        self._ends = ends

    def fresh(self) -> W:
        """Return another. MissingAbilityError."""
        try:
            return self._made()
        except Exception as error:
            self.error = error
            raise

    def _made(self) -> W:
        world = self._fresh()
        _check_world(world)
        self._ends.callback(world.end)
        if missing := self._rule.needs - world.abilities:
            raise MissingAbilityError(self._rule, missing)
        return world


class Topic(Generic[W, S]):
    """The rules of one topic, in the order in which they are told. Rules are written for stages: worlds with what makes them handy."""

    def __init__(self, name: str, port: Port, stage: Callable[[W], S]) -> None:
        self.rules: list[Rule[W]] = []
        self._name = name
        self._port: Port = port
        self._stage = stage

    def rule(
        self, name: str, states: str, *needs: Ability, kept_by: Literal["all", "some"] = "all", reads: bool = False
    ) -> Callable[[Look[S]], Look[S]]:
        """Add the rule that the decorated function looks at."""

        def add(look: Look[S]) -> Look[S]:
            def body(fresh: Callable[[], W]) -> None:
                look(lambda: self._stage(fresh()))

            rule = Rule(id=f"{self._name}.{name}", states=states, port=self._port, needs=frozenset(needs), kept_by=kept_by, reads=reads, body=body)
            self.rules.append(rule)
            return look

        return add
