"""Mistakes that both type checkers must find, one on each line that says so. Never run."""

from __future__ import annotations

from chatworkspace import ChatWorkspaces, Outcome, Phase, Reason, Timeouts, Workspace
from chatworkspace_fake import FakeCoder, MemoryStore, Simulation


def mistakes_with_the_service(workspaces: ChatWorkspaces, outcome: Outcome) -> None:
    workspaces.create("chat-1")  # type: ignore[call-arg] # no template
    workspaces.create(42, "t")  # type: ignore[arg-type] # a chat's id is text
    workspaces.create("chat-1", "t", "fix login")  # type: ignore[call-arg] # the name is given by keyword
    workspaces.create("chat-1", "t", wait="20")  # type: ignore[arg-type] # seconds are numbers
    workspaces.create("chat-1", "t", parameters={"cpu": 4})  # type: ignore[dict-item] # parameters are text
    workspaces.open_chat("chat-1", owner_id="me")  # type: ignore[call-arg] # no organization
    name = workspaces.create("chat-1", "t").name  # type: ignore[attr-defined] # the workspace has the name
    name = workspaces.create("chat-1", "t").workspace.name  # type: ignore[union-attr] # there may be none
    outcome.elapsed = 3  # type: ignore[misc] # values are frozen
    workspace: Workspace = outcome.workspace  # type: ignore[assignment] # require_ready() gives one for sure
    ChatWorkspaces(MemoryStore(), FakeCoder(), FakeCoder())  # type: ignore[call-arg] # ports are given by keyword
    ChatWorkspaces(store=FakeCoder(), creator=FakeCoder(), dialer=FakeCoder())  # type: ignore[arg-type] # a platform is no store
    ChatWorkspaces(store=MemoryStore(), creator=FakeCoder(), dialer=FakeCoder(), workspace_ttl="1h")  # type: ignore[arg-type] # seconds are numbers
    Timeouts(building=900)  # type: ignore[call-arg] # no such limit
    del workspace, name


def mistakes_with_the_fake(sim: Simulation) -> None:
    sim.coder.when("make_workspace").lose_answer()  # type: ignore[arg-type] # no such call
    sim.store.when("create_workspace")  # type: ignore[arg-type] # a call of the platform
    sim.coder.add_template("docker", build="30 s")  # type: ignore[arg-type] # seconds are numbers
    sim.coder.add_template("docker", duration=30)  # type: ignore[call-arg] # no such argument
    sim.race(sim.workspaces.create("chat-1", "t"), threads=2)  # type: ignore[arg-type] # the outcome, where a call is meant
    sim.at("noon", sim.verify)  # type: ignore[arg-type] # seconds are numbers
    phase: Phase = Reason.CREATED  # type: ignore[assignment] # another enum
    del phase
