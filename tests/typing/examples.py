"""How the library reads in somebody's code. Read by mypy and pyright, both strict, and by pytest, which runs the tests among it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from chatworkspace import (
    BusyError,
    Chat,
    ChatWorkspaceError,
    ChatWorkspaces,
    LeftBehind,
    NotReadyError,
    Outcome,
    Phase,
    Progress,
    Reason,
    RefusedError,
    State,
    TemplateError,
    Timeouts,
    Toolbox,
    ToolResult,
    Workspace,
)
from chatworkspace.ports import AgentDialer, Clock, Store, SystemClock, WorkspaceCreator
from chatworkspace_fake import NEVER, Fails, FakeCoder, FakeStore, MemoryStore, Process, Simulation


def show(*what: object) -> None:
    """Stand for whatever a host does with what it is told."""
    del what


# ---------------------------------------------------------------- embedding


def embed(owner_id: UUID, organization_id: str, template_id: str) -> None:
    coder = FakeCoder()
    with ChatWorkspaces(store=MemoryStore(), creator=coder, dialer=coder, workspace_ttl=3600) as workspaces:
        workspaces.open_chat("thread-42", owner_id=owner_id, organization_id=organization_id)
        outcome = workspaces.create("thread-42", template_id, wait=20)
        if outcome.ready:
            workspace: Workspace = outcome.require_ready()
            show(workspace.name, workspace.build.number)
        for progress in workspaces.follow("thread-42"):
            show(progress.phase, progress.line or "", progress.outcome.state if progress.outcome else "")


def embed_with_every_option(store: Store, creator: WorkspaceCreator, dialer: AgentDialer, clock: Clock) -> ChatWorkspaces:
    def allowed(chat: Chat) -> set[UUID] | None:
        return {chat.owner_id} if chat.organization_id else None

    def told(outcome: Outcome) -> None:
        show(outcome.state.value, outcome.reason, outcome.next_step)

    return ChatWorkspaces(
        store=store,
        creator=creator,
        dialer=dialer,
        timeouts=Timeouts(build=900),
        allowed_templates=allowed,
        workspace_ttl=lambda chat: 60.0 if chat.id else None,
        on_chat_updated=told,
        on_progress=lambda progress: show(progress.chat_id, progress.line),
        clock=clock,
    )


def ports_are_what_the_fakes_are(clock: Clock | None = None) -> tuple[Store, Store, WorkspaceCreator, AgentDialer, Clock]:
    coder = FakeCoder(clock or SystemClock())
    return MemoryStore(), FakeStore(), coder, coder, Simulation()


def every_call(workspaces: ChatWorkspaces, chat: str, template: UUID, mine: UUID) -> Iterator[Outcome]:
    yield workspaces.create(chat, template, name="fix login", parameters={"cpu": "4"}, preset_id=str(mine), wait=0)
    yield workspaces.create(chat, str(template), replace=True)
    yield workspaces.start(chat, parameters={"cpu": "8"}, wait=None)
    yield workspaces.stop(chat, wait=1)
    yield workspaces.status(chat, wait=20)
    yield workspaces.attach(chat, mine)
    yield workspaces.detach(chat)
    yield workspaces.close_chat(chat)
    yield workspaces.delete(chat)
    yield workspaces.delete(chat, workspace_id=template, wait=5, cancel=None)
    workspaces.interrupt(chat)
    workspaces.close()


def what_is_left(workspaces: ChatWorkspaces, chat: str) -> list[str]:
    found: list[str] = [intent.name for intent in workspaces.history(chat)]
    sweep = workspaces.sweep()
    workspaces.sweep(delete=[workspace.id for workspace in sweep.strays])
    left: LeftBehind | None = workspaces.detach(chat).left_behind
    return [*found, left.name] if left is not None else found


def what_went_wrong(workspaces: ChatWorkspaces, chat: str, template: UUID) -> str:
    try:
        return workspaces.create(chat, template).require_ready().name
    except (TemplateError, RefusedError, BusyError) as error:
        return f"{error.reason}: {error.next_step}"
    except NotReadyError as error:
        return str(error.outcome.reason)
    except ChatWorkspaceError as error:
        return error.next_step


def what_to_show(progress: Progress) -> str:
    if progress.outcome is not None:
        return "done"
    if progress.line is not None:
        return progress.line
    match progress.phase:
        case Phase.QUEUED | Phase.PLANNING | Phase.CREATING:
            return "soon"
        case Phase.BUILDING | Phase.CONNECTING | Phase.SCRIPTS:
            return "on its way"
        case None:
            return "nothing"


def hand_to_a_model(workspaces: ChatWorkspaces, chat: str, name: str, arguments: str | Mapping[str, object]) -> str:
    tools: Toolbox = workspaces.toolbox(chat, wait=20)
    result: ToolResult = tools.call(name, arguments)
    return "" if result.is_error else result.text


# ---------------------------------------------------------------- tests as users write them


def test_many_threads_share_one_workspace(chatworkspace_simulation: Simulation) -> None:
    sim = chatworkspace_simulation
    docker = sim.coder.add_template("docker", build=30, connect=5, scripts=10)
    sim.open_chat("chat-1")
    outcomes = sim.race(lambda: sim.workspaces.create("chat-1", docker.id), threads=10)
    assert len(sim.coder.workspaces) == 1
    assert {outcome.elapsed for outcome in outcomes} == {45}


def test_a_lost_answer_is_settled_by_name() -> None:
    sim = Simulation(3)
    docker = sim.coder.add_template("docker")
    sim.open_chat("chat-1")
    sim.coder.when("create_workspace").lose_answer()
    assert sim.workspaces.create("chat-1", docker.id).ready
    assert len(sim.coder.workspaces) == 1


def test_a_build_over_quota_tells_the_model() -> None:
    sim = Simulation()
    gpu = sim.coder.add_template("gpu", build=Fails(after=30, error="quota", code="INSUFFICIENT_QUOTA"))
    sim.open_chat("chat-1")
    result = sim.workspaces.toolbox("chat-1").call("create_workspace", {"template_id": str(gpu.id)})
    assert result.content["error_code"] == "INSUFFICIENT_QUOTA"
    assert not result.is_error


def test_an_agent_that_stays_away_is_waited_for_so_long() -> None:
    sim = Simulation()
    lab = sim.coder.add_template("lab", build=5, connect=NEVER)
    sim.open_chat("chat-1")
    outcome = sim.workspaces.create("chat-1", lab.id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STARTING, Reason.AGENT_NOT_CONNECTED, 125)


def test_a_killed_process_leaves_one_workspace() -> None:
    sim = Simulation(seed=1)
    docker = sim.coder.add_template("docker", build=30)
    sim.open_chat("chat-1")
    first, second = sim.process("first"), sim.process("second")
    first.kill(before="store.bind")

    def create_in(process: Process) -> Callable[[], Outcome]:
        return lambda: process.workspaces.create("chat-1", docker.id)

    outcomes: list[Outcome] = sim.run(create_in(first), create_in(second))
    assert len(outcomes) == len(sim.coder.live) == 1


def test_a_user_deletes_it_meanwhile() -> None:
    sim = Simulation(timeouts=Timeouts(build=100), on_progress=show)
    docker = sim.coder.add_template("docker", build=60)
    sim.open_chat("chat-1")
    sim.at(40, lambda: sim.coder.workspaces[0].delete())  # noqa: PLW0108 - it is made later
    assert sim.workspaces.create("chat-1", docker.id).reason is not Reason.CREATED
