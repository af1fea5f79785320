"""What the fakes are given is checked where it comes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, Timeouts
from chatworkspace.ports import Clock, SystemClock
from chatworkspace_fake import NEVER, Fails, FakeCoder, FakeStore, FakeWorkspace, Fault, MemoryStore, Process, ScaledClock, Simulation
from tests.adapters.refused import Act, ids, refusal

NAN = float("nan")
HUGE = 10**400
"""A number that no float holds."""
ANA = UUID(int=0xA)


def wrong(value: object) -> Any:
    """Pass a value where a type checker would not let it."""
    return value


def simulation(**given: object) -> Act:
    return lambda: Simulation(**wrong(given))


def class_of_store(clock: Clock) -> object:
    del clock
    return MemoryStore


def during(act: Callable[[Simulation], object]) -> Act:
    return lambda: act(Simulation())


def process(act: Callable[[Process], object]) -> Act:
    return lambda: act(Simulation().process("one"))


def coder(act: Callable[[FakeCoder], object]) -> Act:
    return lambda: act(FakeCoder())


def template(**settings: object) -> Act:
    return lambda: FakeCoder().add_template("docker", **wrong(settings))


def workspace(act: Callable[[FakeWorkspace], object]) -> Act:
    def made() -> object:
        sim = Simulation()
        return act(sim.coder.add_workspace(sim.coder.add_template("docker"), owner_id=sim.owner_id))

    return made


def added(**given: object) -> Act:
    def add() -> object:
        platform = FakeCoder()
        return platform.add_workspace(**wrong({"template": platform.add_template("docker"), "owner_id": ANA} | given))

    return add


def fault(act: Callable[[Fault], object]) -> Act:
    return lambda: act(FakeCoder().when("create_workspace"))


def store(act: Callable[[FakeStore], object]) -> Act:
    return lambda: act(FakeStore())


WRONG: list[tuple[Act, str]] = [
    # a simulation
    (simulation(seed=None), "seed: expected a whole number"),
    (simulation(seed=1.5), "seed: expected a whole number"),
    (simulation(seed=True), "seed: expected a whole number"),
    (simulation(timeouts=Timeouts), "timeouts: expected a Timeouts, not a class: make one with Timeouts(…)"),
    (simulation(timeouts=30), "timeouts: expected a Timeouts"),
    (simulation(store=MemoryStore()), "store: expected a function that is given a clock"),
    (simulation(coder=FakeCoder()), "coder: expected a function that is given a clock"),
    (simulation(store=class_of_store), "store: expected a function that returns an object, not the class MemoryStore"),
    (simulation(on_progres=print), "on_progres: expected an argument of Simulation, or of ChatWorkspaces: allowed_templates, max_waiting, "),
    (simulation(clock=SystemClock()), "clock: expected an argument of Simulation, or of ChatWorkspaces: "),
    (during(lambda sim: sim.process(wrong(7))), "name: expected text"),
    (during(lambda sim: sim.run(wrong(None))), "calls: expected functions without arguments"),
    (during(lambda sim: sim.run(lambda: 1, wrong(2))), "calls: expected functions without arguments"),
    (during(lambda sim: sim.race(lambda: 1, threads=0)), "threads: expected a whole number of at least 1"),
    (during(lambda sim: sim.race(lambda: 1, threads=wrong(None))), "threads: expected a whole number of at least 1"),
    (during(lambda sim: sim.at(-1, print)), "seconds: expected a number of seconds of at least 0"),
    (during(lambda sim: sim.at(NAN, print)), "seconds: expected a number of seconds of at least 0"),
    (during(lambda sim: sim.at(HUGE, print)), "seconds: expected a number of seconds of at least 0"),
    (during(lambda sim: sim.at(1, wrong(None))), "action: expected a function without arguments"),
    (during(lambda sim: sim.sleep(wrong(None))), "seconds: expected a number of seconds"),
    (during(lambda sim: sim.sleep(NAN)), "seconds: expected a number of seconds"),
    # a process of it
    (process(lambda it: it.pause(-1)), "seconds: expected a finite number of seconds of at least 0"),
    (process(lambda it: it.pause(NEVER)), "seconds: expected a finite number of seconds of at least 0"),
    (process(lambda it: it.pause(wrong("5"), before="store.bind")), "seconds: expected a finite number of seconds of at least 0"),
    (process(lambda it: it.kill(before=wrong(["store.bind"]))), "before: expected a port call such as 'store.bind'"),
    (process(lambda it: it.kill(after=wrong(None))), "after: expected a port call such as 'store.bind'"),
    (process(lambda it: it.shift_clock(wrong(None))), "seconds: expected a finite number of seconds, which may be negative"),
    (process(lambda it: it.shift_clock(NAN)), "seconds: expected a finite number of seconds, which may be negative"),
    (process(lambda it: it.shift_clock(-NEVER)), "seconds: expected a finite number of seconds, which may be negative"),
    # a platform
    (lambda: FakeCoder(wrong(SystemClock)), "clock: expected a Clock, not a class: make one with SystemClock(…)"),
    (lambda: FakeCoder(wrong("now")), "clock: expected a Clock; str has no now()"),
    (lambda: FakeCoder(watching=wrong("no")), "watching: expected True or False"),
    (coder(lambda it: it.add_template(wrong(None))), "name: expected text that is not empty"),
    (coder(lambda it: it.add_template("")), "name: expected text that is not empty"),
    (coder(lambda it: it.add_template("docker", organization_id=wrong("default"))), "organization_id: expected a UUID"),
    (coder(lambda it: it.update_template("docker")), "name: expected the name of a template"),
    (added(template="docker"), "template: expected a template, as add_template() returns it"),
    (added(name=None), "name: expected text that is not empty"),
    (added(owner_id="ana"), "owner_id: expected a UUID"),
    (coder(lambda it: it.set_quota(-1)), "budget: expected a whole number of at least 0"),
    (coder(lambda it: it.set_quota(wrong(None))), "budget: expected a whole number of at least 0"),
    (coder(lambda it: it.set_quota(1, owner_id=wrong("ana"))), "owner_id: expected a UUID"),
    (coder(lambda it: it.set_provisioners(-1)), "count: expected a whole number of at least 0, or None"),
    (coder(lambda it: it.set_provisioners(wrong(1.5))), "count: expected a whole number of at least 0, or None"),
    (coder(lambda it: it.answer_conflicts(wrong(404))), "status: expected 409, 500 or None"),
    (coder(lambda it: it.cancel_as(wrong("gone"))), 'status: expected "canceled" or "failed"'),
    (coder(lambda it: it.set_licence(wrong("free"))), 'licence: expected "agpl" or "enterprise"'),
    (coder(lambda it: it.set_members(wrong("default"), ())), "organization_id: expected"),
    (coder(lambda it: it.slow_first_dials(wrong("yes"))), "seed: expected"),
    (lambda: FakeCoder(level="1.0"), "level: expected one of 2.20, 2.24, 2.29, 2.35, newest"),
    (coder(lambda it: it.when(wrong("create"))), "call: expected one of build_log, build_parameters, create_workspace, "),
    (coder(lambda it: it.when(wrong(["dial"]))), "call: expected one of build_log, build_parameters, create_workspace, "),
    (coder(lambda it: it.when("dial", nth=0)), "nth: expected a whole number of at least 1"),
    (coder(lambda it: it.when("dial", times=wrong(None))), "times: expected a whole number of at least 1"),
    (coder(lambda it: it.when("dial", chance=1.5)), "chance: expected a number from 0 to 1, or None"),
    (coder(lambda it: it.when("dial", chance=NAN)), "chance: expected a number from 0 to 1, or None"),
    (coder(lambda it: it.when("dial", seed=wrong("x"))), "seed: expected a whole number"),
    (workspace(lambda it: it.rename("")), "name: expected text that is not empty"),
    # what is said of a template
    (template(biuld=3), "biuld: expected an argument of add_template()"),
    (template(build=-1), "build: expected a number of seconds of at least 0, or a Fails"),
    (template(build=True), "build: expected a number of seconds of at least 0, or a Fails"),
    (template(build=None), "build: expected a number of seconds, a Fails, or a sequence of them"),
    (template(build=Fails), "build: expected a number of seconds, a Fails, or a sequence of them, not a class: make one with Fails(…)"),
    (template(build=()), "build: expected at least one duration"),
    (template(build=(3, "4")), "build: expected a number of seconds of at least 0, or a Fails"),
    (template(stop="3"), "stop: expected a number of seconds, a Fails, or a sequence of them"),
    (template(stop=(1, "3")), "stop: expected a number of seconds of at least 0, or a Fails"),
    (template(connect=Fails(3)), "connect: expected a number of seconds of at least 0"),
    (template(drop=NAN), "drop: expected a number of seconds of at least 0"),
    (template(agents="main"), "agents: expected a sequence of texts"),
    (template(agents=("main", 3)), "agents: expected a sequence of texts"),
    (template(agents=("main", "main")), "agents: expected names that are not empty, each once"),
    (template(agents=("main", "other/sub")), "agents: expected the agent that 'other/sub' is a sub-agent of"),
    (template(external_agent="yes"), "external_agent: expected True or False"),
    (template(deprecated=1), "deprecated: expected True or False"),
    (template(parameters=["region"]), "parameters: expected a sequence of Parameter"),
    (template(evaluation={}), "evaluation: expected an Evaluation, a function or None"),
    (template(presets=None), "presets: expected a sequence of Preset"),
    (template(cost=-5), "cost: expected a whole number of at least 0"),
    (template(log="pulling image"), "log: expected a sequence of texts"),
    (template(readme=None), "readme: expected text"),
    (lambda: Fails(-1), "after: expected a number of seconds of at least 0"),
    (lambda: Fails(1, error=wrong(None)), "error: expected text"),
    (lambda: Fails(1, code=wrong(7)), "code: expected text"),
    # faults
    (fault(lambda it: it.arrive_late(-1)), "seconds: expected a finite number of seconds of at least 0"),
    (fault(lambda it: it.take(wrong(None))), "seconds: expected a finite number of seconds of at least 0"),
    (fault(lambda it: it.take(NEVER)), "seconds: expected a finite number of seconds of at least 0"),
    (fault(lambda it: it.refuse(200)), "status: expected a whole number from 400 to 599"),
    (fault(lambda it: it.refuse(400, wrong(None))), "message: expected text"),
    (fault(lambda it: it.refuse(400, "", wrong("name"))), "validations: expected a mapping of names to texts"),
    (fault(lambda it: it.refuse(400, "", {"name": wrong(3)})), "validations: expected a mapping of names to texts"),
    (fault(lambda it: it.fail(wrong(OSError))), "error: expected an exception, not a class: make one with OSError(…)"),
    (fault(lambda it: it.fail(wrong("503"))), "error: expected an exception"),
    # stores
    (lambda: MemoryStore(wrong(SystemClock)), "clock: expected a Clock, not a class: make one with SystemClock(…)"),
    (lambda: FakeStore(wrong(5)), "clock: expected a Clock; int has no now()"),
    (store(lambda it: it.lose_commits(-1)), "count: expected a whole number of at least 0"),
    (store(lambda it: it.when(wrong("create_workspace"))), "call: expected one of attach, bind, "),
    (store(lambda it: it.when("look", nth=-1)), "nth: expected a whole number of at least 1"),
    (store(lambda it: it.when("look").refuse()), "call: expected a call of the platform: a store cannot refuse"),
    # a clock
    (lambda: ScaledClock(wrong(None)), "speed: expected a finite number above 0"),
    (lambda: ScaledClock(wrong("2")), "speed: expected a finite number above 0"),
    (lambda: ScaledClock(HUGE), "speed: expected a finite number above 0"),
    (lambda: ScaledClock(2).sleep(wrong(None)), "seconds: expected a number of seconds"),
]


@pytest.mark.parametrize(("act", "expected"), WRONG, ids=ids(WRONG))
def test_what_is_wrong_is_told_at_once(act: Act, expected: str) -> None:
    """By the name of the argument, and what was expected in its place."""
    refusal(act, expected)


def test_what_was_refused_has_changed_nothing() -> None:
    """The template stays as it is, with the version that it has."""
    platform = FakeCoder()
    before = platform.add_template("docker", readme="one")
    with pytest.raises(InvalidArgumentError):
        platform.update_template("docker", readme="two", cost=-1)
    assert platform.get_template(ANA, before.id, deadline=NEVER) == before


@pytest.mark.parametrize("build", [0, 0.5, NEVER, Fails(3), Fails(NEVER), (3, Fails(4)), [3]])
def test_every_kind_of_duration_is_taken(build: object) -> None:
    """Whole, broken, infinite, bad, or several of them."""
    assert FakeCoder().add_template("docker", build=cast("float", build)).name == "docker"


def test_a_sleep_of_less_than_nothing_is_none() -> None:
    """As with the real clock: who reckons how long is left may be late."""
    sim = Simulation()
    sim.sleep(-5)
    assert sim.elapsed == 0


def test_a_stand_in_that_makes_its_methods_as_they_are_asked_for_is_a_clock() -> None:
    """Such as what stands between a process and its ports in a test of one's own."""

    class Around:
        def __getattr__(self, name: str) -> object:
            return getattr(SystemClock(), name)

    assert MemoryStore(cast("SystemClock", Around())).secret()
