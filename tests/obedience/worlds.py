"""Random worlds for the obedient player: platforms that are slow, broken or full, and users who meanwhile do as they like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Advice, Timeouts, UnavailableError
from chatworkspace.ports import Parameter
from chatworkspace_fake import NEVER, Fails, FakeStore, Simulation
from chatworkspace_fake._platform.templates import TemplateSettings
from tests.obedience.player import Player, Told
from tests.worlds.chance import Chance

CHAT, OWN = "chat-1", "own"
ELSEWHERE = UUID(int=4)
TIMEOUTS = Timeouts()
LIMITS = TIMEOUTS.build + TIMEOUTS.connect + TIMEOUTS.scripts
WAITS = (0.0, 5.0, 20.0, None)
SHORTEST = 2.0
"""Seconds between two calls, at least."""
QUICK = 100
"""Seconds that are no trouble."""
MOST_BUILDS = 4
"""That a player is led to: one is made, stopped, started, and stopped again on its user's word."""
FEW = 20
"""Calls that a player may need beside those that waiting takes."""
LEAST_PATIENCE = 200
"""Calls that a player makes before it is taken to be led nowhere, at least."""
LAST_DEED = 801.0
"""Seconds after which nobody does anything any more."""
AT_ONCE = 10.0
"""Seconds between two calls of who waits for nothing, all in all: it is told to come back ever later."""
DEEDS = ("stop", "delete", "cancel", "drop_agent", "rename", "start", "hide", "go_dormant")
RARE = ("shut_down_agent", "restore_agent", "show", "wake", "update_always", "cancel", "stop")

CHANGES: Mapping[str, TemplateSettings] = {
    "promoted": {},
    "required": {"require_active": True},
    "deprecated": {"deprecated": True},
    "forbidden": {"agents_allowed": False},
    "asking": {"parameters": (Parameter(name="region", type="string", required=True),)},
}
"""What the author of the template may do to it meanwhile."""
AUTHORS, ODD, ENDLESS = 10**12, 2 * 10**12, 3 * 10**12
ODDITIES = ("agents", "template", "lifecycle", "external", "forbidden", "token", "refused", "late", "hangs", "watches", "list", "store")
"""What is odd in one world of five, beside its other troubles."""
WITHOUT_END = ("limited", "comes_and_goes", "falls_asleep", "writes_nothing")
"""What goes on for ever in one of twenty of the others: only a person can end it."""
LONG = 6000
"""Seconds that are as good as for ever."""


@attrs.frozen(kw_only=True)
class Played:
    """A game, as it went."""

    seed: int
    wait: float | None
    told: Sequence[Told]
    ends: Sequence[Advice]
    live: int
    changed_at: float
    """When the user did something last."""
    made: int
    faults: bool
    """Requests got lost, or the platform was away for a while."""
    smooth: bool
    """Nothing failed, nothing took longer than its limit, and nobody else did anything."""
    processes: int
    """Among which the player's calls are shared out."""
    renamed: bool
    """The user has renamed the workspace, perhaps before it was bound: what that leads to is told in docs/guarantees.md."""
    template_changed: bool
    """By its author, meanwhile."""


class Game:
    """One world, and a player in it. All of it drawn from its seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Chance(seed)
        self.odd = Chance(ODD + seed)  # a chance of its own, as the author's
        self.oddity = self.odd.pick(ODDITIES) if self.odd.happens(0.2) else ""
        self.no_end = Chance(ENDLESS + seed)  # and so here
        self.endless = self.no_end.pick(WITHOUT_END) if not self.oddity and self.no_end.happens(0.05) else ""
        self.sim = Simulation(seed, store=FakeStore if "store" in self.oddity or self.endless == "writes_nothing" else None)
        self.sim.open_chat(CHAT)
        self.wait = self.chance.pick(WAITS)
        self.changed_at = 0.0
        self.faults = False
        self.smooth = True
        self.renamed = False
        self.template_changed = self.wrong_template = False
        self.toolboxes = [self.sim.workspaces.toolbox(CHAT, wait=self.wait)]
        if self.chance.happens(0.25):
            self.toolboxes.append(self.sim.process("b").workspaces.toolbox(CHAT, wait=self.wait))
        self._template()
        if self.oddity:
            self.smooth = False
            getattr(self, f"_odd_{self.oddity}")()
        if self.endless:
            self.smooth, self.faults = False, True
            getattr(self, f"_endless_{self.endless}")()
        self._troubles()
        self._users()

    def _template(self) -> None:
        chance = self.chance
        build: Any = chance.pick(
            (0, 3, 40, 90, 700, NEVER, Fails(5, "no such image"), [Fails(5, "no such image"), 20], Fails(3, "full", code="INSUFFICIENT_QUOTA"))
        )
        stop: Any = chance.pick((0, 0, 2, 90, 700, NEVER, Fails(4, "stuck")))
        scripts: Any = chance.pick((0, 0, 3, 60, 700, NEVER, Fails(after=10)))
        connect = chance.pick((0, 0, 1, 30, 200, NEVER))
        self.template = self.sim.coder.add_template(
            "docker",
            build=build,
            stop=stop,
            connect=connect,
            scripts=scripts,
            external_agent=False,
            log=("one", "two"),
        )
        provisioners = chance.pick((0, 1)) if chance.happens(0.1) else None
        self.sim.coder.set_provisioners(provisioners)
        in_time = isinstance(build, int) and build <= QUICK and connect <= QUICK and isinstance(stop, int) and stop <= QUICK
        self.smooth = in_time and provisioners != 0 and (isinstance(scripts, Fails) or scripts <= QUICK)

    def _troubles(self) -> None:
        chance, coder = self.chance, self.sim.coder
        if chance.happens(0.3):
            self.faults = True
            call: Any = chance.pick(("create_workspace", "start_workspace", "stop_workspace", "get_workspace", "find_workspace"))
            fault = coder.when(call, nth=1 + chance.below(2), times=chance.pick((1, 1, 3, 40)))
            chance.pick((fault.fail, fault.lose_answer, fault.lose_request))() if call.endswith("_workspace") and "get" not in call else fault.fail()
        if chance.happens(0.15):
            self.faults = True
            coder.when("dial", nth=1, times=chance.pick((1, 5, 400))).fail()
        if chance.happens(0.1):
            self.faults = True
            coder.when("get_workspace", chance=0.5, seed=self.seed).rate_limited(chance.pick((1.0, 20.0, 90.0)))

    def _users(self) -> None:
        chance = self.chance
        for _ in range(chance.pick((0, 0, 1, 2))):
            at = chance.pick((2.0, 10.0, 50.0, 130.0, 800.0)) + chance.share()
            self.sim.at(at, partial(self._deed, chance.pick(DEEDS), at))

        author = Chance(AUTHORS + self.seed)  # a chance of its own: the other worlds stay as they were
        if author.happens(0.15):
            at = author.pick((1.0, 20.0, 130.0, 800.0)) + author.share()
            self.sim.at(at, partial(self._change, author.pick(tuple(CHANGES)), at))

    def _odd_agents(self) -> None:
        self.sim.coder.update_template("docker", agents=self.odd.pick(((), ("a-coderd-chat", "b-coderd-chat"), ("main", "main/sub"))))

    def _odd_template(self) -> None:
        limits: Any = {name: self.odd.pick((20, 200, NEVER)) for name in ("agent_timeout", "script_timeout", "drop")}
        self.sim.coder.update_template("docker", require_active=self.odd.happens(0.5), **limits)

    def _odd_lifecycle(self) -> None:
        self.sim.coder.cancel_as(self.odd.pick(("canceled", "failed")))
        for _ in range(1 + self.odd.below(3)):
            at = self.odd.pick((2.0, 10.0, 50.0, 130.0, 800.0)) + self.odd.share()
            self.sim.at(at, partial(self._deed, self.odd.pick(RARE), at))

    def _odd_external(self) -> None:
        own = self.sim.coder.add_workspace(self.sim.coder.add_template("laptop", external_agent=True), OWN, owner_id=self.sim.owner_id)
        self.sim.workspaces.attach(CHAT, own.id, wait=0)
        if self.odd.happens(0.5):
            self.sim.at(self.odd.pick((5.0, 50.0, 800.0)), own.connect)

    def _odd_forbidden(self) -> None:
        change: Any = self.odd.pick(({"deprecated": True}, {"agents_allowed": False}, {"external_agent": True}))
        self.sim.coder.update_template("docker", **change)
        self.template_changed = True
        if self.odd.happens(0.5):
            self.sim.coder.add_template("other", build=3)

    def _odd_token(self) -> None:
        self.faults = True
        call: Any = self.odd.pick(("get_workspace", "get_template", "list_templates", "find_workspace"))
        self.sim.coder.when(call, nth=1 + self.odd.below(4), times=1000).fail(UnavailableError("401: it has expired", retryable=False))

    def _odd_refused(self) -> None:
        self.faults = True
        call: Any = self.odd.pick(("create_workspace", "start_workspace", "stop_workspace"))
        validations = self.odd.pick((None, {"region": "is not there"}))
        self.sim.coder.when(call, times=self.odd.pick((1, 100))).refuse(403, "not for you", validations)

    def _odd_late(self) -> None:
        self.faults = True
        call: Any = self.odd.pick(("create_workspace", "start_workspace", "stop_workspace"))
        self.sim.coder.when(call, times=1).arrive_late(self.odd.pick((1.0, 20.0, 100.0)))

    def _odd_hangs(self) -> None:
        self.faults = True
        call: Any = self.odd.pick(("dial", "get_workspace", "watch", "get_template", "build_log"))
        self.sim.coder.when(call, nth=1 + self.odd.below(2), times=self.odd.pick((1, 5, 1000))).take(self.odd.pick((4.0, 100.0)))

    def _odd_watches(self) -> None:
        for at in (1.0, 30.0, 100.0):
            self.sim.at(at, self.odd.pick((self.sim.coder.break_watches, self.sim.coder.silence_watches)))

    def _odd_list(self) -> None:
        self.faults = True
        self.wrong_template = True
        self.sim.coder.when("list_templates", times=self.odd.pick((1, 30, 1000))).fail()

    def _odd_store(self) -> None:
        self.faults = True
        store: Any = self.sim.store
        fault = store.when(self.odd.pick(("look", "claim", "bind")), nth=1 + self.odd.below(3), times=self.odd.pick((1, 2, 30, 1000)))
        self.odd.pick((fault.fail, fault.lose_answer, fault.lose_request))()

    def _endless_limited(self) -> None:
        for call in self.no_end.pick((("get_workspace",), ("get_template", "start_workspace"), ("create_workspace", "find_workspace"))):
            name: Any = call
            self.sim.coder.when(name, nth=1 + self.no_end.below(4), times=10_000).rate_limited(self.no_end.pick((1.0, 20.0, 400.0)))

    def _endless_comes_and_goes(self) -> None:
        if self.no_end.happens(0.5):
            self.sim.coder.when("dial", times=10_000).fail()
        period = self.no_end.pick((20, 60, 150))
        for at in range(10, LONG, period):
            self.sim.at(at, partial(self._quietly, "drop_agent"))
            self.sim.at(at + period // 2, partial(self._quietly, "restore_agent"))

    def _endless_falls_asleep(self) -> None:
        deed = self.no_end.pick(("go_dormant", "stop", "delete", "cancel"))
        for at in range(10, LONG, self.no_end.pick((20, 55))):
            self.sim.at(at, partial(self._quietly, deed))

    def _endless_writes_nothing(self) -> None:
        store: Any = self.sim.store
        store.when(self.no_end.pick(("claim", "bind", "release")), nth=1 + self.no_end.below(3), times=10_000).lose_answer()

    def _quietly(self, deed: str) -> None:
        """Let it happen of itself: no player is given more time for that."""
        live = self.sim.coder.live
        if live:
            with suppress(Exception):  # as the deeds of users
                getattr(live[0], deed)()

    def _change(self, change: str, at: float) -> None:
        """Change the template, as its author may: new version, one that all have to use, deprecated, no longer for chats."""
        self.changed_at = max(at, self.changed_at)
        self.smooth, self.template_changed = False, True
        self.sim.coder.update_template("docker", **CHANGES[change])

    def _deed(self, deed: str, at: float) -> None:
        live = self.sim.coder.live
        if not live:
            return
        workspace = live[0]
        self.changed_at = max(at, self.changed_at)
        self.renamed = self.renamed or deed == "rename"
        act: Callable[[], object] = partial(workspace.rename, f"own-{self.seed}") if deed == "rename" else getattr(workspace, deed)
        try:
            act()
        except Exception as error:  # noqa: BLE001 # a platform may refuse its user as well
            del error

    @property
    def patience(self) -> float:
        """Calls that all limits of all builds together leave time for."""
        step = max(LIMITS if self.wait is None else self.wait, AT_ONCE if self.wait == 0 else SHORTEST)
        return LEAST_PATIENCE + (2 * LIMITS * MOST_BUILDS + LAST_DEED) / step

    def play(self) -> Played:
        """Let the player create, and then perhaps stop."""
        sim = self.sim
        player = Player(
            lambda: self.chance.pick(self.toolboxes),
            now=lambda: sim.elapsed,
            sleep=sim.sleep,
            arguments={"template_id": str(ELSEWHERE if self.wrong_template else self.template.id)},
            patience=self.patience,
        )
        ends = [player.play()]
        if ends[0] is Advice.NOTHING and self.chance.happens(0.3):
            ends.append(player.play("stop_workspace"))
        fakes: tuple[Any, ...] = (sim.coder, sim.store)
        for fake in fakes:
            if hasattr(fake, "_faults"):
                fake._faults._armed.clear()  # what never struck was drawn by chance
        return Played(
            seed=self.seed,
            wait=self.wait,
            told=tuple(player.told),
            ends=tuple(ends),
            live=len([it for it in sim.coder.live if it.made_as != OWN]),
            changed_at=self.changed_at,
            made=sum(it.made_as != OWN for it in sim.coder.workspaces),
            faults=self.faults,
            smooth=self.smooth and not self.faults and not self.changed_at,
            processes=len(self.toolboxes),
            renamed=self.renamed,
            template_changed=self.template_changed,
        )
