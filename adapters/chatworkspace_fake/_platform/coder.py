"""A Coder in memory: its state follows from the clock; nothing in it runs in the background."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, get_args
from uuid import UUID

import attrs

from chatworkspace import Agent, Build, InvalidArgumentError, Quota, Template, Transition, UnavailableError, Workspace
from chatworkspace.ports import (
    AgentConnection,
    AgentDialer,
    Clock,
    CreateWorkspace,
    DialError,
    Evaluation,
    LogLine,
    NotFoundError,
    Parameter,
    Preset,
    TemplateUse,
    Warming,
    Watch,
    WorkspaceCreator,
)
from chatworkspace_fake._arguments import check_clock, check_flag, check_id, check_instance, check_text
from chatworkspace_fake._platform.book import book_of
from chatworkspace_fake._platform.connections import Answer, FakeAgent, FakeConnection, FakeWarming, Shell
from chatworkspace_fake._platform.faults import Fault, Faults, odds_of
from chatworkspace_fake._platform.rules import Platform
from chatworkspace_fake._platform.states import ORGANIZATION, Blueprint
from chatworkspace_fake._platform.switches import Switches
from chatworkspace_fake._platform.templates import TemplateSettings, changed, template_of
from chatworkspace_fake._platform.values import classic_by_field, evaluated, is_classic, with_preset
from chatworkspace_fake._platform.watching import FakeWatch
from chatworkspace_fake._platform.workspaces import FakeWorkspace as FakeWorkspace

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")

CreatorCall = Literal[
    "list_templates",
    "describe_templates",
    "get_template",
    "create_workspace",
    "get_workspace",
    "find_workspace",
    "start_workspace",
    "stop_workspace",
    "delete_workspace",
    "list_workspaces",
    "watch",
    "build_log",
    "list_parameters",
    "evaluate_parameters",
    "list_presets",
    "template_use",
    "get_quota",
    "build_parameters",
    "list_builds",
    "record_use",
    "dial",
    "warm",
]
CHANGES = ("create_workspace", "start_workspace", "stop_workspace", "delete_workspace")


def _echo(command: str) -> str:
    return command


class Asks(Protocol):
    """Performs a call of the port, or lets a fault strike it."""

    def __call__(self, call: str, act: Callable[[], T], deadline: float) -> T:
        """Return what it comes to."""
        ...


@attrs.frozen(kw_only=True)
class Inside:
    """A fake coder from within."""

    platform: Platform
    faults: Faults
    answer: Asks
    open_watch: Callable[[FakeWorkspace], FakeWatch]
    watching: bool


class FakeCoder(Switches, WorkspaceCreator, AgentDialer):
    """A platform in memory. State follows from the clock: no threads, no timers. Safe from any thread."""

    def __init__(self, clock: Clock | None = None, *, watching: bool = True, level: str = "newest") -> None:
        """watching=False: a platform without watches, that has to be polled. level: of the server whose rules it has. InvalidArgumentError."""
        clock = check_clock(clock)
        self._faults = Faults(clock, calls=get_args(CreatorCall), changes=CHANGES)
        self._platform = Platform(clock, self._faults)
        self._platform.obey(book_of(level))
        self._calls: list[str] = []
        self._watches: dict[FakeWatch, None] = {}
        self._watching = check_flag("watching", watching)
        self._warming: dict[FakeWarming, None] = {}
        self.on_run: Answer = _echo
        """Answers the commands that are run in agents; each is a FakeCommand, a text that knows its input, and where it runs."""
        self.shell: Shell | None = None
        """Runs them for real instead, where there is one: a RealShell. Without one, files of agents are those in FakeWorkspace.files."""

    # ------------------------------------------------------------ the world as a test sets it up

    def add_template(self, name: str, *, organization_id: UUID | None = None, **settings: Unpack[TemplateSettings]) -> Template:
        """Add a template. Unless told otherwise it builds, connects and is ready at once. TemplateSettings says what may be told.

        organization_id: of the Simulation's organization unless given. InvalidArgumentError.
        """
        check_text("name", name, empty=False)
        organization = ORGANIZATION if organization_id is None else check_id("organization_id", organization_id)
        template, blueprint = template_of(name, organization, self._platform.new_id(), settings)
        with self._seen() as platform:
            platform.templates[template.id], platform.blueprints[template.id] = template, blueprint
            born = platform.date_of(platform.time)
            for preset in blueprint.presets:
                platform.prebuilt[preset.id] = [(platform.new_id(), born) for _ in range(preset.desired_prebuilds)]
        return template

    def update_template(self, name: str, **changes: Unpack[TemplateSettings]) -> Template:
        """Give a template a new active version. changes: as add_template() takes them. InvalidArgumentError."""
        with self._seen() as platform:
            old = next((it for it in platform.templates.values() if it.name == name), None)
            if old is None:
                raise InvalidArgumentError("name", "the name of a template")
            template, blueprint = changed(old, platform.blueprints[old.id], platform.new_id(), changes)
            platform.templates[old.id], platform.blueprints[old.id] = template, blueprint
            for workspace in platform.made.values():
                workspace.changed()
            return template

    def add_workspace(self, template: Template, name: str = "own", *, owner_id: UUID) -> FakeWorkspace:
        """Make a workspace as a user does in the platform's own page. RefusedError, NameTakenError, InvalidArgumentError."""
        check_instance("template", template, Template, "a template, as add_template() returns it")
        check_text("name", name, empty=False)
        check_id("owner_id", owner_id)
        request = CreateWorkspace(owner_id=owner_id, organization_id=template.organization_id, name=name, template_id=template.id)
        with self._seen() as platform:
            return platform.make(request)

    def break_watches(self) -> None:
        """Break every open watch, as a proxy does that is restarted."""
        for watch in tuple(self._watches):
            watch.close()

    def silence_watches(self) -> None:
        """Let every watch say nothing after its first state, as a proxy does that buffers."""
        with self._seen() as platform:
            platform.silent = True

    def when(self, call: CreatorCall, *, nth: int = 1, times: int = 1, chance: float | None = None, seed: int = 0) -> Fault:
        """Choose the nth call of that name from now on, and those behind it, `times` in all.

        With a chance every call is chosen, each with that likelihood, and the same ones for the same seed; such a fault need not strike.
        InvalidArgumentError.
        """
        return self._faults.when(call, nth=nth, times=times, odds=odds_of(chance, seed))

    def unstruck(self) -> tuple[str, ...]:
        """Return the faults that were armed and have not struck."""
        return self._faults.unstruck()

    @property
    def workspaces(self) -> tuple[FakeWorkspace, ...]:
        """All that were ever made, oldest first."""
        with self._seen() as platform:
            return tuple(platform.made.values())

    @property
    def live(self) -> tuple[FakeWorkspace, ...]:
        """Those that are not deleted, oldest first."""
        with self._seen() as platform:
            return tuple(platform.live())

    @property
    def calls(self) -> tuple[str, ...]:
        """Names of the calls received, in order."""
        with self._seen():
            return tuple(self._calls)

    @property
    def open_watches(self) -> int:
        """How many watches are open."""
        return len(self._watches)

    @property
    def warming(self) -> int:
        """How many agents are being reached ahead of a dial, and were not let go of."""
        return len(self._warming)

    # ------------------------------------------------------------ the port: templates

    def list_templates(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Template]:
        def listed() -> list[Template]:
            return [attrs.evolve(it, readme="") for it in self._platform.listed_templates(owner_id, organization_id)]

        return self._answer("list_templates", listed, deadline)

    def describe_templates(self, owner_id: UUID, templates: Sequence[Template], *, deadline: float) -> Sequence[Template]:
        def described() -> list[Template]:
            known = (it.id for it in templates if it.id in self._platform.templates)
            return [self._platform.seen_template(owner_id, template_id) for template_id in known]

        return self._answer("describe_templates", described, deadline)

    def get_template(self, owner_id: UUID, template_id: UUID, *, deadline: float) -> Template:
        return self._answer("get_template", lambda: self._platform.seen_template(owner_id, template_id), deadline)

    def list_parameters(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Parameter]:
        return self._answer("list_parameters", lambda: self._version(template, owner_id).parameters, deadline)

    def evaluate_parameters(
        self, owner_id: UUID, template: Template, *, answers: Mapping[str, str] | None = None, deadline: float
    ) -> Evaluation | None:
        def evaluate() -> Evaluation | None:
            asked = self._version(template, owner_id)
            return None if is_classic(asked, self._platform.book) else evaluated(asked, answers or {})

        return self._answer("evaluate_parameters", evaluate, deadline)

    def list_presets(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Preset]:
        return self._answer("list_presets", lambda: self._version(template, owner_id).presets, deadline)

    def template_use(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Mapping[UUID, TemplateUse]:
        return self._answer("template_use", lambda: self._platform.use_of(owner_id, organization_id), deadline)

    def get_quota(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Quota | None:
        del organization_id
        return self._answer("get_quota", lambda: self._platform.quota_of(owner_id), deadline)

    # ------------------------------------------------------------ the port: workspaces

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        def make() -> Workspace:
            with classic_by_field():
                return self._platform.make(with_preset(self._platform.blueprints.get(request.template_id), self._platform.book, request)).told()

        return self._answer("create_workspace", make, deadline)

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        return self._answer("get_workspace", lambda: self._platform.visible(owner_id, workspace_id).told(), deadline)

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        return self._answer("find_workspace", lambda: self._platform.find(owner_id, name), deadline)

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        def listed() -> list[Workspace]:
            live = (it for it in self._platform.live() if it.owner_id == owner_id and not it.hidden)
            return [it.told() for it in live if it.template.organization_id == organization_id]

        return self._answer("list_workspaces", listed, deadline)

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        return self._build("start_workspace", workspace, Transition.START, parameters, deadline)

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        return self._build("stop_workspace", workspace, Transition.STOP, {}, deadline)

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        return self._build("delete_workspace", workspace, Transition.DELETE, {}, deadline)

    def _build(self, call: str, workspace: Workspace, transition: Transition, parameters: Mapping[str, str], deadline: float) -> Workspace:
        def build() -> Workspace:
            it = self._platform.visible(workspace.owner_id, workspace.id)
            with classic_by_field():
                self._platform.build(it, transition, parameters)
            return it.told()

        return self._answer(call, build, deadline)

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        def watch() -> FakeWatch:
            return self._open_watch(self._platform.visible(workspace.owner_id, workspace.id))

        return self._answer("watch", watch, deadline) if self._watching else None

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        def read() -> list[LogLine]:
            log = self._platform.visible(workspace.owner_id, workspace.id).latest.log_at(self._platform.time)
            return [line for line in log if line.id > after]

        return self._answer("build_log", read, deadline)

    def build_parameters(self, workspace: Workspace, *, deadline: float) -> Mapping[str, str] | None:
        return self._answer("build_parameters", lambda: dict(self._platform.visible(workspace.owner_id, workspace.id).latest.values), deadline)

    def list_builds(self, workspace: Workspace, *, deadline: float) -> Sequence[Build]:
        return self._answer("list_builds", lambda: self._platform.visible(workspace.owner_id, workspace.id).told_builds(), deadline)

    def record_use(self, workspace: Workspace, *, lasts: float | None = None, deadline: float) -> None:
        def count() -> None:
            with suppress(NotFoundError):  # best effort
                self._platform.visible(workspace.owner_id, workspace.id).record_use(lasts)

        self._answer("record_use", count, deadline)

    # ------------------------------------------------------------ the port: agents

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        def reach() -> FakeConnection:
            try:
                dialled = self._platform.visible(workspace.owner_id, workspace.id)
            except NotFoundError as error:
                raise DialError("there is no such agent", permanent=True) from error
            self._platform.dial(dialled, agent.id, deadline)
            return FakeConnection(
                FakeAgent(
                    name=dialled.made_as,
                    reach=lambda: self._platform.reach(dialled, agent.id),
                    answer=lambda command: self.on_run(command),  # noqa: PLW0108 # as it is when the command is run
                    shell=self.shell,
                    files=dialled.files,
                )
            )

        return self._answer("dial", reach, deadline)

    def warm(self, workspace: Workspace, agent: Agent, *, deadline: float) -> Warming | None:
        def begin() -> FakeWarming:
            with suppress(NotFoundError, DialError):  # nobody is told what becomes of it
                self._platform.warm(self._platform.visible(workspace.owner_id, workspace.id), agent.id)
            return FakeWarming(self._warming)

        return self._answer("warm", begin, deadline)

    # ------------------------------------------------------------ for the simulator

    @property
    def inside(self) -> Inside:
        """What the simulator needs, which tells more of a platform than the port does."""
        return Inside(platform=self._platform, faults=self._faults, answer=self._answer, open_watch=self._open_watch, watching=self._watching)

    # ------------------------------------------------------------ inside

    def _version(self, template: Template, owner_id: UUID) -> Blueprint:
        """Return what that version of a template makes that the owner may see; the active one, where it was never built. NotFoundError."""
        active = self._platform.blueprint(template.id, owner_id)
        built = (record.blueprint for it in tuple(self._platform.made.values()) if it.template.id == template.id for record in it.records)
        return active if active.version_id == template.version_id else next((it for it in built if it.version_id == template.version_id), active)

    def _open_watch(self, workspace: FakeWorkspace) -> FakeWatch:
        return FakeWatch(self._platform, self._watches, workspace)

    @contextmanager
    def _seen(self) -> Generator[Platform, None, None]:
        """Give the platform as it is now, its shared part locked."""
        self._platform.catch_up()
        with self._platform.lock:
            yield self._platform

    def _answer(self, call: str, act: Callable[[], T], deadline: float) -> T:
        def perform() -> T:
            if self._platform.catch_up() > deadline and call not in CHANGES and not self._platform.is_late:
                raise UnavailableError(f"{call} was asked when its time was over")  # a client sends nothing then
            return act()

        return self._faults.apply(call, perform, deadline=deadline, received=lambda: self._calls.append(call))
