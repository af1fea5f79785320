"""Workspaces, builds and agents as the platform might tell them, with only what a test says about them out of the ordinary."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Agent, AgentStatus, Build, Chat, JobStatus, Lifecycle, Template, Transition, Workspace

OWNER = UUID(int=1)
ORGANIZATION = UUID(int=2)
TEMPLATE = UUID(int=3)
VERSION = UUID(int=4)


_BUILD = Build(id=UUID(int=6), number=1, transition=Transition.START, job_status=JobStatus.SUCCEEDED, template_version_id=VERSION)
_AGENT = Agent(id=UUID(int=5), name="main", status=AgentStatus.CONNECTED, lifecycle=Lifecycle.READY)
_WORKSPACE = Workspace(
    id=UUID(int=7),
    name="docker-abcdefghij",
    owner_id=OWNER,
    owner_name="me",
    organization_id=ORGANIZATION,
    template_id=TEMPLATE,
    build=_BUILD,
    agents=(_AGENT,),
    created_at=datetime(2030, 1, 1, tzinfo=timezone.utc),
)


def an_agent(status: AgentStatus = AgentStatus.CONNECTED, lifecycle: Lifecycle = Lifecycle.READY, **rest: Any) -> Agent:
    """Make one that is connected and ready, unless told otherwise."""
    return attrs.evolve(_AGENT, status=status, lifecycle=lifecycle, **rest)


def a_build(transition: Transition = Transition.START, job_status: JobStatus = JobStatus.SUCCEEDED, **rest: Any) -> Build:
    """Make a first start that succeeded, unless told otherwise."""
    return attrs.evolve(_BUILD, transition=transition, job_status=job_status, **rest)


def a_workspace(build: Build = _BUILD, agents: tuple[Agent, ...] = (_AGENT,), **rest: Any) -> Workspace:
    """Make one that runs and is ready, unless told otherwise."""
    return attrs.evolve(_WORKSPACE, build=build, agents=agents, **rest)


def a_template(**rest: Any) -> Template:
    """Make one that every chat may use, unless told otherwise."""
    return attrs.evolve(Template(id=TEMPLATE, organization_id=ORGANIZATION, name="docker", version_id=VERSION), **rest)


def a_chat(**rest: Any) -> Chat:
    """Make one with no workspace yet, unless told otherwise."""
    return attrs.evolve(Chat(id="chat-1", owner_id=OWNER, organization_id=ORGANIZATION, generation=0), **rest)
