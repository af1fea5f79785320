"""What happens in a random world: who calls what, which faults strike, who is killed, and what the user does. All of it drawn from its seed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

import attrs

from chatworkspace import InvalidArgumentError, RefusedError, Template
from chatworkspace.ports import NotAnsweredError
from chatworkspace_fake import Fails
from chatworkspace_fake._platform.states import Duration
from tests.worlds.chance import Chance
from tests.worlds.histories import Deed

KINDS = (
    *("create",) * 6,
    *("replace", "replace", "replace this"),
    *("start", "stop") * 2,
    *("status", "status", "connect", "connect"),
    *("attach", "detach", "follow", "sweep"),
)
"""replace: whatever is there; replace this: what the chat has when the call is made, and nothing else."""
WAITS = (None, None, None, 0.0, 5.0, 40.0)
PAUSES = (0.0, 0.0, 0.0, 0.5, 10.0, 35.0)
MOMENTS = (
    *("store.look", "store.claim", "store.claim", "store.bind", "store.bind", "store.release", "store.attach", "store.record_stray"),
    *("coder.get_template", "coder.create_workspace", "coder.create_workspace", "coder.find_workspace", "coder.get_workspace"),
    *("coder.start_workspace", "coder.stop_workspace", "coder.dial", "coder.warm", "watch.next"),
)
MANY = 30
"""More creations than any world has."""
CHANGES = ("create_workspace", "create_workspace", "create_workspace", "start_workspace", "stop_workspace")
READS = ("find_workspace", "get_workspace", "get_template", "watch", "dial", "dial", "warm", "list_workspaces")
STORED = ("claim", "claim", "bind", "bind", "look", "release", "attach")
DEEDS = ("delete", "delete", "delete", "stop", "start", "cancel", "drop_agent", "hide")


@attrs.frozen(kw_only=True)
class Action:
    """One call of a script."""

    kind: str
    after: float
    chat_id: str
    template: int
    wish: str
    wait: float | None
    share: float
    """Chooses the workspace to attach."""
    cancel: float | None = None
    """Seconds after which the call is cancelled; None: it is not."""


class Script:
    """Draws a world's stories, and arms them in its simulation. What it draws depends on the seed alone."""

    def __init__(self, sim: Any, chance: Chance, *, watching: bool) -> None:
        self._sim = sim
        self._chance = chance
        self.deeds: list[Deed] = []
        """What the user has done."""
        self.own: set[Any] = set()
        """Workspaces that the user has made."""
        self.templates = self._draw_templates(watching=watching)
        self.chats = ("chat-1", "chat-2") if chance.happens(0.15) else ("chat-1",)
        self.processes: list[Any] = [sim.process(f"p{number}") for number in range(1, 1 + chance.pick((1, 2, 2, 3, 3, 4)))]
        self.calls = [(process, self._draw_calls()) for process in self.processes for _ in range(chance.pick((1, 1, 1, 2, 2, 3, 4)))]
        self._draw_faults()
        self._draw_blows()
        self._draw_deeds()

    def _draw_templates(self, *, watching: bool) -> list[Template]:
        chance, sim = self._chance, self._sim
        lengths: tuple[int, ...] = (0, 0, 3, 20, 45) if watching else (0, 0, 2)
        build = chance.pick(lengths)
        builds: list[Duration] = [Fails(build), build] if chance.happens(0.15) else [build]
        sim.coder.add_template("alpha", build=builds, stop=chance.pick((0, 0, 2, 12)), connect=chance.pick((0, 0, 1)), scripts=chance.pick((0, 0, 3)))
        sim.coder.add_template("beta", build=chance.pick(lengths), delete=chance.pick((0, 4)), log=("one", "two"))
        if chance.happens(0.2):
            sim.coder.answer_conflicts(500)
        return list(sim.coder.list_templates(sim.owner_id, sim.organization_id, deadline=inf))

    def _draw_calls(self) -> list[Action]:
        chance = self._chance
        racing = chance.happens(0.6)
        first = self._draw_action("create", 0.0) if racing else self._draw_action(chance.pick(KINDS), chance.pick(PAUSES))
        return [first, *(self._draw_action(chance.pick(KINDS), chance.pick(PAUSES)) for _ in range(chance.pick((0, 0, 0, 1, 2))))]

    def _draw_action(self, kind: str, after: float) -> Action:
        chance = self._chance
        return Action(
            kind=kind,
            after=after,
            chat_id=chance.pick(self.chats),
            template=int(chance.happens(0.25)),
            wish="work" if chance.happens(0.2) else "",
            wait=chance.pick((5.0, 20.0)) if kind == "follow" else chance.pick(WAITS),
            share=chance.share(),
        )

    def _draw_faults(self) -> None:
        chance = self._chance
        for _ in range(chance.pick((0, 1, 1, 2, 3))):
            nth, times = 1 + chance.below(3), chance.pick((1, 1, 1, 2))
            where = chance.below(4)
            coder: Any = self._sim.coder.when
            store: Any = self._sim.store.when
            if where < 2:
                self._arm_change(coder(chance.pick(CHANGES), nth=nth, times=times))
            elif where == 2:
                call = chance.pick(READS)
                self._arm_read(coder(call, nth=nth, times=times), lost=call != "watch")
            else:
                self._arm_store(store(chance.pick(STORED), nth=nth, times=times))
        if chance.happens(0.15):  # one creation is in doubt while the next is refused: that says nothing of the first
            nth = 1 + chance.below(3)
            self._sim.coder.when("create_workspace", nth=nth).arrive_late(chance.pick((5, 20, 60)))
            self._sim.coder.when("create_workspace", nth=nth + 1).refuse()
        if chance.happens(0.7):  # behind the others, for the first that was armed strikes
            self._sim.coder.when("create_workspace", times=MANY).take(chance.pick((0.5, 1.0, 3.0)))

    def _arm_change(self, fault: Any) -> None:
        chance = self._chance
        arms: tuple[Callable[[], object], ...] = (
            fault.lose_request,
            fault.lose_answer,
            fault.lose_answer,
            lambda: fault.arrive_late(chance.pick((1, 20, 60))),
            lambda: fault.arrive_late(chance.pick((1, 20, 60))),
            fault.roll_back,
            lambda: fault.take(chance.pick((2, 20, 40))),
            fault.refuse,
            lambda: fault.refuse(409, validations={"name": "taken"}),
            fault.fail,
            lambda: fault.fail(NotAnsweredError("500", in_flight=False)),
        )
        chance.pick(arms)()

    def _arm_read(self, fault: Any, *, lost: bool) -> None:
        """Arm a fault of a read; lost: its answer may get lost: a watch whose opener never heard of it stays open."""
        chance = self._chance
        arms: tuple[Callable[[], object], ...] = (fault.fail, fault.lose_answer, lambda: fault.take(chance.pick((1, 4, 20))))
        chance.pick(arms if lost else arms[:1])()

    def _arm_store(self, fault: Any) -> None:
        chance = self._chance
        arms: tuple[Callable[[], object], ...] = (
            fault.fail,
            fault.lose_answer,
            fault.lose_answer,
            fault.lose_request,
            lambda: fault.take(chance.pick((1, 4, 8))),
            lambda: fault.arrive_late(chance.pick((1, 10, 40))),
        )
        chance.pick(arms)()

    def _draw_blows(self) -> None:
        chance = self._chance
        for process in self.processes:
            if not chance.happens(0.4):
                continue
            where = {chance.pick(("before", "after")): chance.pick(MOMENTS)}
            seconds = 0.0 if chance.happens(0.5) else 40 + 60 * chance.share()
            if chance.happens(0.2):
                self._sim.at(30 * chance.share(), process.kill if not seconds else partial(process.pause, seconds))
            elif seconds:
                process.pause(seconds, **where)
            else:
                process.kill(**where)

    def _draw_deeds(self) -> None:
        chance = self._chance
        for _ in range(chance.pick((0, 0, 1, 1, 2))):
            kind, share, at = chance.pick(DEEDS), chance.share(), chance.pick((0.5, 5.0, 30.0, 70.0)) * chance.share()
            self._sim.at(at, partial(self._do, kind, share))
        if chance.happens(0.3):
            own = self._sim.coder.add_workspace(chance.pick(self.templates), owner_id=self._sim.owner_id)
            self.own.add(own.id)

    def _do(self, kind: str, share: float) -> None:
        """Interfere, as the user does."""
        live = self._sim.coder.live
        if not live:
            return
        workspace = live[int(share * len(live))]
        try:
            getattr(workspace, kind)()
        except (RefusedError, InvalidArgumentError):
            return
        self.deeds.append(Deed(kind=kind, at=self._sim.elapsed, workspace_id=workspace.id))
