"""Every call of the client, by what it may do about a request that fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import attrs

from chatworkspace import Chat, UnavailableError
from chatworkspace.ports import CreateWorkspace
from chatworkspace_coder import CoderClient
from chatworkspace_coder._answers import templates, workspaces
from tests.adapters.coder.payloads import ORGANIZATION, OTHER, OWNER, TEMPLATE, WORKSPACE, template, workspace
from tests.adapters.coder.server import soon

ME, HOME, OF, IT = UUID(OWNER), UUID(ORGANIZATION), UUID(TEMPLATE), UUID(WORKSPACE)
READ = workspaces.workspace(workspace(), None)
DORMANT = attrs.evolve(READ, dormant=True)
STRANGER = attrs.evolve(READ.agents[0], id=UUID(OTHER))
LISTED = templates.template(template()).template
REQUEST = CreateWorkspace(owner_id=ME, organization_id=HOME, name="dev-ana", template_id=OF)
CHAT = Chat(id="c", owner_id=ME, organization_id=HOME, generation=1)
PATH, CREATE = f"/workspaces/{WORKSPACE}", f"/users/{OWNER}/workspaces"
Call = Callable[[CoderClient, float], object]


def look(client: CoderClient, seconds: float) -> None:
    """Read the workspace, if that is to be had in so many seconds."""
    with suppress(UnavailableError):
        client.get_workspace(ME, IT, deadline=soon(seconds))


def _watched(client: CoderClient, deadline: float) -> None:
    watch = client.watch(READ, deadline=deadline)
    if watch is not None:
        try:
            while watch.next(deadline) is not None:
                pass
        finally:
            watch.close()


def _run(client: CoderClient, deadline: float) -> None:
    with client.dial(READ, READ.agents[0], deadline=deadline) as connection:
        connection.run("true", timeout=max(deadline - time.monotonic(), 0.001))


READS: dict[str, Call] = {
    "get": lambda client, deadline: client.get_workspace(ME, IT, deadline=deadline),
    "find": lambda client, deadline: client.find_workspace(ME, "dev", deadline=deadline),
    "list": lambda client, deadline: client.list_workspaces(ME, HOME, deadline=deadline),
    "many": lambda client, deadline: client.read_workspaces(ME, HOME, [READ], deadline=deadline),
    "builds": lambda client, deadline: client.list_builds(READ, deadline=deadline),
    "log": lambda client, deadline: client.build_log(READ, after=0, deadline=deadline),
    "templates": lambda client, deadline: client.list_templates(ME, HOME, deadline=deadline),
    "described": lambda client, deadline: client.describe_templates(ME, [LISTED], deadline=deadline),
    "template": lambda client, deadline: client.get_template(ME, OF, deadline=deadline),
    "parameters": lambda client, deadline: client.list_parameters(ME, LISTED, deadline=deadline),
    "evaluate": lambda client, deadline: client.evaluate_parameters(ME, LISTED, deadline=deadline),
    "presets": lambda client, deadline: client.list_presets(ME, LISTED, deadline=deadline),
    "template use": lambda client, deadline: client.template_use(ME, HOME, deadline=deadline),
    "quota": lambda client, deadline: client.get_quota(ME, HOME, deadline=deadline),
}
UNHURRIED: dict[str, Call] = {
    "user": lambda client, _: client.user(),
    "template by name": lambda client, _: client.template("docker", organization_id=HOME),
    "lifetime": lambda client, _: client.workspace_ttl(CHAT),
}
"""Calls without a deadline have a limit of their own."""
ONCE: dict[str, Call] = {
    "create": lambda client, deadline: client.create_workspace(REQUEST, deadline=deadline),
    "start": lambda client, deadline: client.start_workspace(READ, {}, deadline=deadline),
    "wake": lambda client, deadline: client.start_workspace(DORMANT, {}, deadline=deadline),
    "stop": lambda client, deadline: client.stop_workspace(READ, deadline=deadline),
    "delete": lambda client, deadline: client.delete_workspace(READ, deadline=deadline),
    "use": lambda client, deadline: client.record_use(READ, deadline=deadline),
}
WIRES: dict[str, Call] = {
    "watch": _watched,
    "watch, read": _watched,
    "dial": lambda client, deadline: client.dial(READ, STRANGER, deadline=deadline),
    "run": _run,
}
CALLS: dict[str, Call] = READS | UNHURRIED | ONCE | WIRES
