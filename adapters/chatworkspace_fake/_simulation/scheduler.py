"""Turns in virtual time: real threads, one running at a time; chance says which is next, and when all wait, time jumps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from random import Random
from threading import Thread, get_ident
from typing import Any

from chatworkspace_fake._simulation.actors import Actor, ProcessKilled, StuckError, WorldEnded, stacks
from chatworkspace_fake._simulation.hosts import Host
from chatworkspace_fake._simulation.timeline import Timeline
from chatworkspace_fake._simulation.trace import Trace

PATIENCE = 30.0
"""Seconds of real time without a step after which a thread is taken to block on something else: a busy machine may keep one waiting for some."""
FAREWELL = 1.0
"""Seconds of real time that the threads of a failed simulation have to end."""
STEADINESS = (0.0, 0.5, 0.75, 0.9)
"""How likely an actor is to keep its turn at a point; a world has one of them. Some mistakes need many changes of turn, others long stretches."""
MOST_STEPS = 1_000_000
"""Steps without any time passing, after which somebody is taken to loop."""


class Scheduler:
    """Decides who acts. Its state needs no lock: only the actor whose turn it is touches it, and hands it on with the turn.

    `home` is the thread of the test. Outside run() it is the only actor and lets time pass by itself; within, it waits for the others to end.
    """

    def __init__(self, seed: int) -> None:
        self.time: Timeline = Timeline()
        self.trace: Trace = Trace()
        self.home: Actor = Actor("test")
        self.current: Actor = self.home
        self._random = Random(seed).random  # noqa: S311 - to be the same every time
        self._steadiness = STEADINESS[int(self._random() * len(STEADINESS))]
        self._crew: list[Actor] = []
        """Those of run() that have not ended, begun or not."""
        self._members: list[Actor] = []
        """All of this run()."""
        self._ready: list[Actor] = []
        self._held_until = 0.0
        """No process is paused for longer."""
        self._steps = 0
        self._steps_then = 0
        """Steps at the time of the last jump."""
        self._failure: StuckError | None = None

    # what an actor calls

    def me(self) -> Actor:
        """Return the actor whose turn it is: the calling thread."""
        actor = self.current
        if self._crew and actor.ident != get_ident():
            self._check(actor)
            raise RuntimeError("a thread that run() did not begin used the simulation while run() was under way")
        return actor

    def point(self, actor: Actor) -> None:
        """Let chance decide who goes on."""
        special = self._held_until > self.time.now or self.time.due
        if special or (self._ready and self._random() >= self._steadiness):
            self._ready.append(actor)
            self._pass_on(actor)
        self._check(actor)

    def wait(self, actor: Actor, deadline: float | None, what: str) -> None:
        """Block until roused, the deadline, or the actor's process is killed."""
        self._check(actor)
        actor.waits_for = what
        if not self.time.put_to_sleep(actor, inf if deadline is None else deadline):
            self.rouse(actor)
        try:
            self._pass_on(actor)
        finally:
            actor.waits_for = ""
            actor.ticket += 1
        self._check(actor)

    def rouse(self, actor: Actor) -> None:
        """End the actor's wait, if it waits."""
        if actor.waits_for:
            actor.waits_for = ""
            actor.ticket += 1
            self._ready.append(actor)

    # what happens to processes

    def kill(self, host: Host, moment: str = "") -> None:
        """Mark the process dead, and wake those who wait in it, to die."""
        host.killed = True
        self.note(f"killed {moment}", host)
        for actor in (self.home, *self._crew):
            if actor.host is host:
                self.rouse(actor)

    def pause(self, host: Host, seconds: float, moment: str = "") -> None:
        """Let nobody in the process go on for so long."""
        host.paused_until = max(host.paused_until, self.time.now + seconds)
        self._held_until = max(self._held_until, host.paused_until)
        self.note(f"paused for {seconds:g} s {moment}", host)

    def note(self, what: str, host: Host | None, outcome: str = "", since: float | None = None) -> None:
        """Add a line to the trace."""
        now = self.time.now
        if self._failure is None:
            self.trace.add((now, self.current.name, "" if host is None else host.name, what, outcome, now if since is None else since))

    # being run

    def run(self, calls: Sequence[Callable[[], Any]]) -> list[Actor]:
        """Run the calls, and the actions that fall due meanwhile, as threads to their ends; return all, the calls first, in order. StuckError."""
        if self._failure is not None:
            raise self._failure
        if self._crew or self.current is not self.home:
            raise RuntimeError("run() within run(), or within an action of at()")
        members = self._members = []
        for number, call in enumerate(calls, 1):
            self._enlist(f"call-{number}", call)
        if members:
            try:
                self._oversee()
            finally:
                self._disband(members)
        return members

    def _enlist(self, name: str, call: Callable[[], Any]) -> None:
        actor = Actor(name, call)
        self._members.append(actor)
        self._crew.append(actor)
        self._ready.append(actor)

    def _oversee(self) -> None:
        """Give the turn away, and wait until all have ended. Runs in the test's own thread."""
        try:
            self._hand_over(self._choose())
            steps = self._steps
            while not self.home.lock.acquire(timeout=PATIENCE):
                if self._steps == steps:
                    self._abandon(self._stuck(f"{self.current.name} has taken no step for {PATIENCE:g} s of real time: what does it wait for?"))
                steps = self._steps
        except BaseException as error:
            self._abandon(StuckError(f"run() was left with {error!r}"))
            raise
        if self._failure is not None:
            raise self._failure from next((actor.error for actor in self._members if actor.error is not None), None)

    def _disband(self, members: list[Actor]) -> None:
        timeout = None if self._failure is None else FAREWELL / len(members)
        for actor in members:
            if actor.thread is not None:
                actor.thread.join(timeout)
        self._crew.clear()
        self._ready.clear()
        self.current = self.home

    def _live(self, actor: Actor) -> None:
        """Be an actor's thread."""
        actor.ident = get_ident()
        assert actor.call is not None
        try:
            actor.result = actor.call()
            actor.ended = True
        except (ProcessKilled, WorldEnded):
            pass
        except BaseException as error:  # noqa: BLE001 - run() raises it
            actor.error = error
        self._leave(actor)

    def _leave(self, actor: Actor) -> None:
        self._crew.remove(actor)
        if self._failure is not None:
            return
        if not self._crew:
            self.home.lock.release()
            return
        try:
            self._hand_over(self._choose())
        except BaseException as error:  # noqa: BLE001 - nobody else would hear of it
            self._abandon(error if isinstance(error, StuckError) else StuckError(f"the simulation broke: {error!r}"))

    def _abandon(self, failure: StuckError) -> None:
        """End all threads as soon as they can be ended."""
        if self._failure is None:
            self._failure = failure
            for actor in tuple(self._crew):
                if actor.thread is not None:
                    actor.wake()
            self.home.wake()

    # turns

    def _pass_on(self, actor: Actor) -> None:
        """Give the turn to whom chance chooses, and wait for the next turn."""
        if not self._crew:
            self._pass_time(actor)
            return
        try:
            chosen = self._choose()
            if chosen is not actor:
                self._hand_over(chosen)
        except StuckError as stuck:
            raise self._end(stuck) from None
        if chosen is not actor:
            actor.lock.acquire()

    def _hand_over(self, actor: Actor) -> None:
        self.current = actor
        if actor.thread is None:
            actor.thread = Thread(target=self._live, args=(actor,), name=actor.name, daemon=True)
            try:
                actor.thread.start()
            except RuntimeError as error:
                raise StuckError(f"no thread for {actor.name}: {error}") from error
        else:
            actor.lock.release()

    def _choose(self) -> Actor:
        """Take one of those who can go on, having let time jump until there is one."""
        self._begin_due()
        while True:
            ready, now = self._ready, self.time.now
            if self._held_until > now:
                ready = [actor for actor in ready if actor.host is None or not actor.host.holds(now)]
            if ready:
                chosen = ready[int(self._random() * len(ready))] if len(ready) > 1 else ready[0]
                self._ready.remove(chosen)
                return chosen
            self._jump()

    def _pass_time(self, actor: Actor) -> None:
        """Let time pass until the test's own thread can go on."""
        try:
            self._begin_due()
            while actor not in self._ready or (actor.host is not None and actor.host.holds(self.time.now)):
                self._jump()
        finally:
            if actor in self._ready:
                self._ready.remove(actor)

    def _jump(self) -> None:
        """Let time jump to the next thing that happens. StuckError."""
        now = self.time.now
        held = min((actor.host.paused_until for actor in self._ready if actor.host is not None and actor.host.holds(now)), default=inf)
        woken = self.time.advance(held)
        if woken is None:
            raise self._stuck("all wait, and nothing is to come")
        self._steps_then = self._steps
        for actor in woken:
            self.rouse(actor)
        self._begin_due()

    def _begin_due(self) -> None:
        while self.time.due:
            instant, action = self.time.take_due()
            name = f"at-{instant:g}"
            if self._crew:
                self._enlist(name, action)
            else:
                self._perform(name, action)

    def _perform(self, name: str, action: Callable[[], object]) -> None:
        outer, self.current = self.current, Actor(name)
        try:
            action()
        finally:
            self.current = outer

    def _check(self, actor: Actor) -> None:
        """Raise what the actor has to die of, if anything."""
        if self._failure is not None:
            if actor is self.home:
                raise self._failure
            raise WorldEnded
        if actor.host is not None and actor.host.killed:
            raise ProcessKilled(f"process {actor.host.name} was killed")
        self._steps += 1
        if self._steps - self._steps_then > MOST_STEPS:
            self._steps_then = self._steps
            raise self._end(self._stuck(f"{MOST_STEPS} steps, and no time has passed"))

    def _end(self, stuck: StuckError) -> BaseException:
        """Return what the calling actor is to raise."""
        if not self._crew:
            return stuck
        self._abandon(stuck)
        return WorldEnded()

    def _stuck(self, why: str) -> StuckError:
        actors = self._crew or [self.current]
        if not self._crew:
            self.current.ident = get_ident()
        return StuckError(f"at {self.time.now:.3f} s {why}\n\n{stacks(actors, self.current)}")
