"""What goes wrong in worlds: platforms that are slow, broken or full, users who do as they like meanwhile, and what is odd now and then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from chatworkspace import UnavailableError
from chatworkspace_fake import NEVER, Fails
from tests.obedience.setting import CHANGES, CHAT, OTHERS, OWN, Setting
from tests.obedience.truth import WRONG

ELSEWHERE, SOMEBODY, OTHER_ORGANIZATION = UUID(int=4), UUID(int=5), UUID(int=6)
QUICK = 100
"""Seconds that are no trouble."""
LONG = 6000
"""Seconds that are as good as for ever."""
DEEDS = ("stop", "time_out", "delete", "cancel", "drop_agent", "rename", "start", "hide", "go_dormant")
RARE = ("shut_down_agent", "restore_agent", "show", "wake", "update_always", "cancel", "stop", "time_out")
WHEN = (2.0, 10.0, 50.0, 130.0, 800.0)
"""Seconds after which somebody does something, and a bit."""

CHANGING = [Fails(5, f"request {number * 7919:08x} at 12:00:{number:02}: no such image") for number in range(30)]
"""Builds that fail with other words each time."""
TURNS = [Fails(5, "no such image"), Fails(6, "no space")] * 15
BUILDS = (
    *(0, 0, 3, 3, 40, 90, 700, NEVER, Fails(5, "no such image"), [Fails(5, "no such image"), 20], Fails(3, "full", code="INSUFFICIENT_QUOTA")),
    *(CHANGING, TURNS, [Fails(90, "no such image: 7f0c"), Fails(90, "no such image: 81de"), 30]),
)
"""How long they take."""
STOPS = (0, 0, 0, 2, 2, 90, 400, 700, NEVER, Fails(4, "stuck"), [Fails(4, "stuck"), 3], [Fails(4, f"stuck: {it}") for it in range(30)])


def usual(it: Setting) -> None:
    """Draw what every world may have beside a template: faults, users, and an author."""
    _faults(it)
    for _ in range(it.chance.pick((0, 0, 1, 2))):
        it.at(it.chance.pick(WHEN) + it.chance.share(), partial(it.deed, it.chance.pick(DEEDS)))
    if it.author.happens(0.15):
        it.at(it.author.pick((1.0, 20.0, 130.0, 800.0)) + it.author.share(), partial(it.change, it.author.pick(tuple(CHANGES))))


def template(it: Setting) -> None:
    """Draw what the platform makes, and how well."""
    chance = it.chance
    build: Any = chance.pick(BUILDS)
    stop: Any = chance.pick(STOPS)
    scripts: Any = chance.pick((0, 0, 3, 60, 700, NEVER, Fails(after=10)))
    connect = chance.pick((0, 0, 1, 30, 200, NEVER))
    docker = it.sim.coder.add_template("docker", build=build, stop=stop, connect=connect, scripts=scripts, external_agent=False, log=("one", "two"))
    it.arguments = {"template_id": str(docker.id)}
    provisioners = chance.pick((0, 1)) if chance.happens(0.1) else None
    it.sim.coder.set_provisioners(provisioners)
    in_time = all(isinstance(seconds, int) and seconds <= QUICK for seconds in (build, connect, stop))
    it.smooth = it.smooth and in_time and provisioners != 0 and (isinstance(scripts, Fails) or scripts <= QUICK)


def _faults(it: Setting) -> None:
    chance, coder = it.chance, it.sim.coder
    if chance.happens(0.3):
        it.faults = True
        call: Any = chance.pick(("create_workspace", "start_workspace", "stop_workspace", "get_workspace", "find_workspace"))
        fault = coder.when(call, nth=1 + chance.below(2), times=chance.pick((1, 1, 3, 40)))
        chance.pick((fault.fail, fault.lose_answer, fault.lose_request))() if call.endswith("_workspace") and "get" not in call else fault.fail()
    if chance.happens(0.15):
        it.faults = True
        coder.when("dial", nth=1, times=chance.pick((1, 5, 400))).fail()
    if chance.happens(0.1):
        it.faults = True
        coder.when("get_workspace", chance=0.5, seed=it.seed).rate_limited(chance.pick((1.0, 20.0, 90.0)))


# ------------------------------------------------------------------ what is odd


def _agents(it: Setting) -> None:
    it.sim.coder.update_template("docker", agents=it.odd.pick(((), ("a-coderd-chat", "b-coderd-chat"), ("main", "main/sub"))))


def _settings(it: Setting) -> None:
    limits: Any = {name: it.odd.pick((20, 200, NEVER)) for name in ("agent_timeout", "script_timeout", "drop")}
    it.sim.coder.update_template("docker", require_active=it.odd.happens(0.5), **limits)


def _lifecycle(it: Setting) -> None:
    it.sim.coder.cancel_as(it.odd.pick(("canceled", "failed")))
    for _ in range(1 + it.odd.below(3)):
        it.at(it.odd.pick(WHEN) + it.odd.share(), partial(it.deed, it.odd.pick(RARE)))


def _external(it: Setting) -> None:
    own = it.sim.coder.add_workspace(it.sim.coder.add_template("laptop", external_agent=True), OWN, owner_id=it.sim.owner_id)
    it.sim.workspaces.attach(CHAT, own.id, wait=0)
    it.first_tool = it.odd.pick(("create_workspace", "start_workspace", "connect"))
    if it.odd.happens(0.5):
        it.at(it.odd.pick((5.0, 50.0, 800.0)), partial(it.deed, "connect"))


def _forbidden(it: Setting) -> None:
    change: Any = it.odd.pick(({"deprecated": True}, {"agents_allowed": False}, {"external_agent": True}))
    it.sim.coder.update_template("docker", **change)
    it.template_changed = True
    for name in ("other", "another")[: it.odd.below(3)]:
        it.sim.coder.add_template(name, build=3)


def _token(it: Setting) -> None:
    call: Any = it.odd.pick(("get_workspace", "get_template", "list_templates", "find_workspace"))
    it.sim.coder.when(call, nth=1 + it.odd.below(4), times=1000).fail(UnavailableError("401: it has expired", retryable=False))


def _refused(it: Setting) -> None:
    call: Any = it.odd.pick(("create_workspace", "start_workspace", "stop_workspace"))
    validations = it.odd.pick((None, {"region": "is not there"}))
    it.sim.coder.when(call, times=it.odd.pick((1, 100))).refuse(403, "not for you", validations)


def _late(it: Setting) -> None:
    call: Any = it.odd.pick(("create_workspace", "start_workspace", "stop_workspace"))
    it.sim.coder.when(call, times=1).arrive_late(it.odd.pick((1.0, 20.0, 100.0)))


def _hangs(it: Setting) -> None:
    call: Any = it.odd.pick(("dial", "get_workspace", "watch", "get_template", "build_log"))
    it.watched = False
    it.sim.coder.when(call, nth=1 + it.odd.below(2), times=it.odd.pick((1, 5, 1000))).take(it.odd.pick((4.0, 100.0)))


def _watches(it: Setting) -> None:
    it.watched = False
    for at in (1.0, 30.0, 100.0):
        it.at(at, it.odd.pick((it.sim.coder.break_watches, it.sim.coder.silence_watches)))


def _list(it: Setting) -> None:
    it.arguments = {"template_id": str(ELSEWHERE)}
    it.sim.coder.when("list_templates", times=it.odd.pick((1, 30, 1000))).fail()


def _store(it: Setting) -> None:
    fault = it.sim.store.when(it.odd.pick(("look", "claim", "bind")), nth=1 + it.odd.below(3), times=it.odd.pick((1, 2, 30, 1000)))
    it.odd.pick((fault.fail, fault.lose_answer, fault.lose_request))()


def _queue(it: Setting) -> None:
    """Others build as well, and there is one provisioner."""
    it.sim.coder.set_provisioners(1)
    before = it.sim.coder.add_template("before", build=it.odd.pick((30, 300, 900, NEVER)), agents_allowed=False)
    for number in range(1 + it.odd.below(3)):
        it.sim.coder.add_workspace(before, f"{OTHERS}-{number}", owner_id=SOMEBODY)


def _arguments(it: Setting) -> None:
    """Let the model make a mistake."""
    it.arguments = it.odd.pick(({**it.arguments, "parameters": WRONG}, {"template_id": "docker"}, {**it.arguments, "parameters": WRONG}))


def _allow_list(it: Setting) -> None:
    """Let the host allow none, or another, or be unable to say for a while."""
    other = it.sim.coder.add_template("other", build=3)
    until = it.odd.pick((30.0, 400.0, NEVER))
    ids = it.odd.pick((frozenset(), frozenset([str(other.id)]), None))

    def allow() -> frozenset[str] | None:
        if ids is None and it.sim.elapsed < until:
            message = "the host's own database is away"
            raise RuntimeError(message)
        return ids

    it.allow = allow
    it.witness.allowed = ids


def _organization(it: Setting) -> None:
    """Ask for a template of another organization."""
    it.arguments = {"template_id": str(it.sim.coder.add_template("elsewhere", organization_id=OTHER_ORGANIZATION).id)}


def _interrupted(it: Setting) -> None:
    """Begin a creation that never ends; or make nothing."""
    it.first_tool = it.odd.pick(("start_workspace", "connect", "stop_workspace"))
    if it.odd.happens(0.7):
        it.witness.begin("create_workspace")
        it.sim.coder.when("create_workspace").lose_request()
        with suppress(Exception):
            it.sim.workspaces.create(CHAT, UUID(it.arguments["template_id"]), wait=0)
        it.witness.truth()
        it.changed_at = it.sim.elapsed
        it.sim.sleep(it.odd.pick((0.0, 60.0)))


def _host(it: Setting) -> None:
    """Let the application give the chat another workspace, or none, close it, or end its waits."""
    host = it.sim.process("host").workspaces
    own = it.sim.coder.add_workspace(it.sim.coder.add_template("users", agents_allowed=False), OWN, owner_id=it.sim.owner_id)
    acts: Mapping[str, Callable[[], object]] = {
        "attach": partial(host.attach, CHAT, own.id, wait=0),
        "detach": partial(host.detach, CHAT, wait=0),
        "close": partial(host.close_chat, CHAT, wait=0),
        "interrupt": partial(it.sim.workspaces.interrupt, CHAT),
    }
    what = it.odd.pick(tuple(acts))
    it.at(it.odd.pick(WHEN) + it.odd.share(), partial(it.by_host, what, acts[what]))


def _unknown(it: Setting) -> None:
    """Let the application never open the chat."""
    del it


HARMLESS = (
    "agents",
    "settings",
    "lifecycle",
    "external",
    "forbidden",
    "watches",
    "queue",
    "arguments",
    "allow_list",
    "organization",
    "interrupted",
    "host",
    "unknown",
)
"""Of what is odd: no request is lost."""
ODDITIES: Mapping[str, Callable[[Setting], None]] = {
    "agents": _agents,
    "settings": _settings,
    "lifecycle": _lifecycle,
    "external": _external,
    "forbidden": _forbidden,
    "token": _token,
    "refused": _refused,
    "late": _late,
    "hangs": _hangs,
    "watches": _watches,
    "list": _list,
    "store": _store,
    "queue": _queue,
    "arguments": _arguments,
    "allow_list": _allow_list,
    "organization": _organization,
    "interrupted": _interrupted,
    "host": _host,
    "unknown": _unknown,
}
"""What is odd in one world of four, beside its other troubles."""


# ------------------------------------------------------------------ what never ends


def _limited(it: Setting) -> None:
    for call in it.no_end.pick((("get_workspace",), ("get_template", "start_workspace"), ("create_workspace", "find_workspace"))):
        name: Any = call
        it.sim.coder.when(name, nth=1 + it.no_end.below(4), times=10_000).rate_limited(it.no_end.pick((1.0, 20.0, 400.0)))


def _comes_and_goes(it: Setting) -> None:
    if it.no_end.happens(0.5):
        it.sim.coder.when("dial", times=10_000).fail()
    period = it.no_end.pick((20, 60, 150))
    for at in range(10, LONG, period):
        it.at(at, partial(it.quietly, "drop_agent"))
        it.at(at + period // 2, partial(it.quietly, "restore_agent"))


def _falls_asleep(it: Setting) -> None:
    deed = it.no_end.pick(("go_dormant", "time_out", "time_out", "stop", "delete", "cancel"))
    for at in range(10, LONG, it.no_end.pick((20, 55, 130, 300, 700))):
        it.at(at, partial(it.quietly, deed))


def _writes_nothing(it: Setting) -> None:
    call: Any = it.no_end.pick(("claim", "bind", "release"))
    it.sim.store.when(call, nth=1 + it.no_end.below(3), times=10_000).lose_answer()


WITHOUT_END: Mapping[str, Callable[[Setting], None]] = {
    "limited": _limited,
    "comes_and_goes": _comes_and_goes,
    "falls_asleep": _falls_asleep,
    "writes_nothing": _writes_nothing,
}
"""What goes on for ever in one of twenty of the others: only a person can end it."""
