"""A platform that says the same wherever it can, and all that anybody is told of it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from chatworkspace import Outcome, Progress, RefusedError, ToolResult, UnavailableError
from chatworkspace.events import Event
from chatworkspace.ports import DialError, Evaluation, NotAnsweredError, Parameter
from chatworkspace_fake import Fails, Simulation
from chatworkspace_fake._platform.coder import CreatorCall

CHAT = "chat-1"
TOKEN = Parameter(name="token")


class Ear(logging.Handler):
    """Keeps all that anybody is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, with its traceback and its fields."""
        self.told += [logging.Formatter().format(record), _words(vars(record))]

    def hear(self, said: object) -> None:
        """Keep an outcome, a step, a result, or an error with what is behind it."""
        self.told.append(repr(said))
        if isinstance(said, (Outcome, Progress, Event)):
            self.told += [str(said), _words(said.as_dict())]
        if isinstance(said, BaseException):
            self.told += [*traceback.format_exception(said), _words(vars(said))]

    def heard_of(self, act: Callable[[], object]) -> None:
        """Keep what a call comes to."""
        try:
            self.hear(act())
        except Exception as error:  # noqa: BLE001 # what is raised is what is looked at
            self.hear(error)

    def hear_result(self, result: ToolResult) -> None:
        """Keep what a tool says."""
        self.told += [repr(result), result.text, _words(result.content)]

    @property
    def all(self) -> str:
        """All of it."""
        return "\n".join(self.told)


def _words(value: Any) -> str:
    """Return the texts in a value as they are: a repr would write them in another way."""
    if isinstance(value, dict):
        return "\n".join(map(_words, value.values()))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType] # whatever it holds
    if isinstance(value, (list, tuple)):
        return "\n".join(map(_words, value))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType] # as above
    return str(value)


@contextmanager
def listening() -> Generator[Ear, None, None]:
    """Hear the library's log as well."""
    ear, logger = Ear(), logging.getLogger("chatworkspace")
    level = logger.level
    logger.addHandler(ear)
    logger.setLevel(logging.DEBUG)
    try:
        yield ear
    finally:
        logger.setLevel(level)
        logger.removeHandler(ear)


def errors_of(planted: str) -> tuple[Exception, ...]:
    """Return what a platform may answer to a change, with this in all its words."""
    return (
        RefusedError(f"bad {planted}", detail=f"it is {planted}", validations=[(planted, f"{planted} is bad")]),
        NotAnsweredError(f"no answer to {planted}"),
        NotAnsweredError(f"500 {planted}", in_flight=False),
        UnavailableError(f"busy with {planted}"),
        ValueError(planted),
    )


def evaluations_of(planted: str) -> dict[str, Evaluation]:
    """Return what a platform may say of answers when it is asked what a template asks, by names of templates."""
    wrong = Parameter(name="token", error=f"not valid: {planted}")
    return {"as-a-whole": Evaluation(parameters=(TOKEN,), problem=f"bad {planted}"), "by-name": Evaluation(parameters=(wrong,))}


HELPS: tuple[CreatorCall, ...] = (
    "watch",
    "build_log",
    "build_parameters",
    "list_builds",
    "get_quota",
    "record_use",
    "warm",
    "list_templates",
    "describe_templates",
    "list_parameters",
    "list_presets",
    "list_workspaces",
    "template_use",
    "evaluate_parameters",
)
"""What else a platform is asked, each of which may fail."""


def everything(planted: str, secret: str) -> str:
    """Let a platform say this wherever it can, to calls of a chat that has brought the secret; return all that anybody is told."""
    with listening() as ear:
        sim = Simulation(0, on_progress=ear.hear, on_chat_updated=ear.hear, on_event=ear.hear)
        sim.open_chat(CHAT)
        builds = (Fails(after=1, error=f"bad {planted}", code=planted), Fails(after=1, error=planted), 1)
        docker = sim.coder.add_template("docker", parameters=(TOKEN,), build=builds, log=(f"token is {planted}", planted))

        def create(*, replace: bool = False) -> object:
            return sim.workspaces.create(CHAT, docker.id, parameters={"token": secret}, replace=replace)

        making(sim, planted, ear, create)
        reading(sim, planted, ear, str(docker.id))
        using(sim, planted, ear)
        looking(sim, planted, ear, create)
        coder: Any = sim.coder
        coder._faults._armed.clear()  # what never struck is not the point here
        return ear.all


def making(sim: Simulation, planted: str, ear: Ear, create: Callable[[], object]) -> None:
    """Let it be made, and started: each is refused, fails, and is followed."""
    chats = sim.workspaces
    for error in errors_of(planted):
        sim.coder.when("create_workspace").fail(error)
        ear.heard_of(create)
        sim.coder.when("find_workspace", times=1).fail(UnavailableError(planted, retryable=False))
        ear.heard_of(create)
        ear.heard_of(lambda: chats.status(CHAT))
    ear.heard_of(create)
    ear.heard_of(lambda: chats.status(CHAT))
    for step in chats.follow(CHAT):
        ear.hear(step)
    for error in errors_of(planted):
        sim.coder.when("start_workspace").fail(error)
        ear.heard_of(lambda: chats.start(CHAT))


def reading(sim: Simulation, planted: str, ear: Ear, docker: str) -> None:
    """Let tools read templates, and say of answers what it likes."""
    toolbox = sim.workspaces.toolbox(CHAT)
    for name, evaluation in evaluations_of(planted).items():
        template = sim.coder.add_template(name, parameters=(TOKEN,), evaluation=evaluation)
        ear.hear_result(toolbox.call("read_template", {"template_id": str(template.id)}))
    for tool in ("start_workspace", "start_workspace", "create_workspace", "list_templates", "read_template"):
        sim.coder.when("template_use").fail(UnavailableError(planted))
        sim.coder.when("evaluate_parameters").fail(UnavailableError(planted))
        ear.hear_result(toolbox.call(tool, {"template_id": docker} if tool in ("create_workspace", "read_template") else {}))


def using(sim: Simulation, planted: str, ear: Ear) -> None:
    """Let a dial fail, and a connection break while a tool uses it."""

    def broken(command: str) -> str:
        raise UnavailableError(f"{command} broke: {planted}")

    sim.coder.when("dial", times=2).fail(DialError(planted))
    ear.heard_of(lambda: sim.workspaces.connect(CHAT))
    sim.coder.on_run = broken
    for _ in range(2):
        ear.hear_result(sim.workspaces.toolbox(CHAT, tools=["execute"]).call("execute", {"command": "true"}))


def looking(sim: Simulation, planted: str, ear: Ear, create: Callable[..., object]) -> None:
    """Let whatever else it is asked fail, and all that is read of it."""
    chats = sim.workspaces
    for call in HELPS:
        sim.coder.when(call).fail(UnavailableError(f"no {call}: {planted}", retryable=False))
        ear.heard_of(lambda: create(replace=True))
        ear.heard_of(lambda: chats.status(CHAT))
    sim.coder.when("stop_workspace").fail(RefusedError(planted))
    ear.heard_of(lambda: chats.stop(CHAT))
    sim.coder.when("get_workspace", times=30).fail(UnavailableError(planted))
    ear.heard_of(lambda: chats.status(CHAT))
    ear.heard_of(lambda: chats.history(CHAT))
    ear.heard_of(chats.sweep)


HARMLESS = everything("harmless words", "nobody says this value")
