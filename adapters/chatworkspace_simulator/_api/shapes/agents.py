"""Agents as the server writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chatworkspace import Agent, AgentStatus, Lifecycle
from chatworkspace_fake._platform.states import NEVER, AgentLife, BuildRecord
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.shapes.basics import derived, written
from chatworkspace_simulator._api.world import World

_MOMENT = 0.001
"""Seconds that an agent needs at least to connect: nobody should have to tell an instant from itself."""


def resources_json(world: World, it: FakeWorkspace, record: BuildRecord, agents: tuple[Agent, ...], life: AgentLife) -> list[dict[str, Any]]:
    """Return what the latest build made: one thing, with all agents in it."""
    resource = derived(record.id, "resource")
    return [
        {
            "id": resource,
            "created_at": written(world.date(record.ends_at)),
            "job_id": derived(record.id, "job"),
            "workspace_transition": record.transition.value,
            "type": "coder_external_agent" if record.blueprint.external_agent else "docker_container",
            "name": "dev",
            "hide": False,
            "icon": "",
            "daily_cost": it.cost,
            "agents": [agent_json(world, it, agent, life, resource) for agent in agents],
        }
    ]


def agent_json(world: World, it: FakeWorkspace, agent: Agent, life: AgentLife, resource: str) -> dict[str, Any]:
    """Return an agent of the latest build."""
    health = unhealthy(agent, connecting=not world.level.connecting_is_healthy)
    body: dict[str, Any] = {
        "id": str(agent.id),
        "created_at": written(world.date(life.born_at)),
        "updated_at": written(world.date(life.born_at)),
        **_agent_times(world, it, agent, life),
        "status": agent.status.value,
        "lifecycle_state": agent.lifecycle.value,
        "name": agent.name,
        "resource_id": resource,
        "architecture": "amd64",
        "operating_system": "linux",
        "environment_variables": {},
        "logs_length": 0,
        "logs_overflowed": False,
        "directory": "/home/coder",
        "expanded_directory": "/home/coder",
        "version": world.level.version if agent.ever_connected else "",
        "api_version": "2.7" if agent.ever_connected else "",
        "apps": [],
        "display_apps": ["web_terminal", "ssh_helper"],
        "connection_timeout_seconds": 0 if life.times_out_at == NEVER else max(int(life.times_out_at - life.born_at), 1),
        "troubleshooting_url": "",
        "subsystems": [],
        "health": {"healthy": False, "reason": health} if health else {"healthy": True},
        "log_sources": [],
        "scripts": [_script_json(world, agent)],
        "startup_script_behavior": "blocking",
    }
    return body | ({"parent_id": None if agent.parent_id is None else str(agent.parent_id)} if world.level.sub_agents else {})


def _script_json(world: World, agent: Agent) -> dict[str, Any]:
    """Return the one script that an agent has."""
    over, failed = agent.lifecycle in {Lifecycle.READY, Lifecycle.START_ERROR}, agent.lifecycle is Lifecycle.START_ERROR
    body: dict[str, Any] = {
        "id": derived(agent.id, "script"),
        "log_source_id": derived(agent.id, "log source"),
        "log_path": "",
        "script": "#!/bin/sh\n",
        "cron": "",
        "run_on_start": True,
        "run_on_stop": False,
        "start_blocks_login": True,
        "timeout": 0,
        "display_name": "Startup Script",
    }
    ended = {"status": ("exit_failure" if failed else "ok") if over else None, "exit_code": int(failed) if over else None}
    return body | (ended if world.level.script_status else {})


def _agent_times(world: World, it: FakeWorkspace, agent: Agent, life: AgentLife) -> dict[str, str]:
    now = world.platform.time
    connected_at = life.connects_at + _MOMENT
    times: dict[str, datetime] = {}
    if agent.connected_since_build:
        times["first_connected_at"] = world.date(connected_at)
        times["last_connected_at"] = world.date(max(now - (agent.disconnected_for or 0.0), connected_at))
    elif agent.ever_connected:  # prebuilt: to what it was before it had an owner
        times["first_connected_at"] = times["last_connected_at"] = min(it.created_at, world.date(life.born_at)) - timedelta(seconds=_MOMENT)
    if agent.status is AgentStatus.DISCONNECTED:
        times["disconnected_at"] = world.date(max(now - (agent.disconnected_for or 0.0), connected_at))
    if agent.connected_since_build:
        times["started_at"] = world.date(connected_at)
        if now >= life.scripts_end_at:
            times["ready_at"] = world.date(max(life.scripts_end_at, connected_at))
    return {name: written(date) for name, date in times.items()}


def unhealthy(agent: Agent, *, connecting: bool) -> str:
    """Return what is wrong with an agent, if anything. connecting: that it has not connected yet counts."""
    match agent.status:
        case AgentStatus.CONNECTING:
            return "agent has not yet connected" if connecting else ""
        case AgentStatus.TIMEOUT:
            return "agent is taking too long to connect"
        case AgentStatus.DISCONNECTED:
            return "agent has lost connection"
        case AgentStatus.CONNECTED:
            pass
    if agent.lifecycle is Lifecycle.START_ERROR:
        return "agent startup script exited with an error"
    return "agent is shutting down" if agent.lifecycle is Lifecycle.SHUTTING_DOWN else ""
