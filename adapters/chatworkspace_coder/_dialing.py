"""Reaching agents. The probe is Coder's list of listening ports, for which it has to reach the agent."""

from __future__ import annotations

from contextlib import suppress

from chatworkspace import Agent, UnavailableError, Workspace
from chatworkspace.ports import DialError, NotFoundError, Warming
from chatworkspace_coder._answers.errors import error_of_read, problem_of, unavailable
from chatworkspace_coder._api import V2, Api
from chatworkspace_coder._http.failures import LostError, told
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.link import Link
from chatworkspace_coder._http.messages import Answer, Request
from chatworkspace_coder._http.opener import Opener
from chatworkspace_coder._terminal import Connection
from chatworkspace_coder._workspaces import Workspaces

MOST_WARMING = 64
"""Probes that nobody waits for, about: each is a socket here, until the scripts have ended. Who comes later gains nothing."""


class Warm(Warming):
    """A probe that nobody waits for. Its end ends the server's work on it."""

    def __init__(self, link: Link, opened: dict[Warm, None]) -> None:
        self._link = link
        self._opened = opened
        opened[self] = None

    def close(self) -> None:
        self._opened.pop(self, None)
        self._link.close()


class Dialer:
    """Reaches agents. Safe from any thread."""

    def __init__(self, api: Api, opener: Opener, workspaces: Workspaces) -> None:
        self._api = api
        self._opener = opener
        self._workspaces = workspaces
        self.begin_anew()
        begins_anew(self)

    def dial(self, workspace: Workspace, agent: Agent, deadline: float) -> Connection:
        """Probe once. DialError, UnavailableError."""
        if not self._workspaces.is_part(agent.id, workspace):
            self._check(workspace, agent, deadline)
        self.probe(workspace, agent, deadline)
        return Connection(self._opener, workspace, agent, self.probe)

    def probe(self, workspace: Workspace, agent: Agent, deadline: float) -> None:
        """Have the server reach the agent, once. DialError, UnavailableError."""
        request = Request(path=_probe(agent), owner_id=workspace.owner_id)
        try:
            answer = self._api.once(request, deadline)
        except LostError as error:
            raise told(error) from None
        if not answer.ok or problem_of(answer) is not None or answer.looks_like_html:
            raise self._failure(answer, workspace, agent, deadline)

    def warm(self, workspace: Workspace, agent: Agent, deadline: float) -> Warm | None:
        """Send a probe whose answer nobody reads: the server opens its way to the agent for it. UnavailableError."""
        if len(self._warming) >= MOST_WARMING:
            return None
        headers = {"Accept": "application/json", "Connection": "close"}
        link = self._opener.send(_probe(agent), workspace.owner_id, deadline, headers=headers)
        return Warm(link, self._warming)

    def begin_anew(self) -> None:
        """Begin without probes."""
        self._warming: dict[Warm, None] = {}

    def _failure(self, answer: Answer, workspace: Workspace, agent: Agent, deadline: float) -> Exception:
        """Return what the answer means. An agent that is not connected may be gone: the workspace says so."""
        problem = problem_of(answer)
        if problem is None or answer.status in {401, 429, 502, 503, 504}:
            return unavailable(answer)
        error = error_of_read(answer)
        if isinstance(error, NotFoundError) and answer.status != 403:
            return DialError(str(problem), permanent=True)
        with suppress(UnavailableError):
            self._check(workspace, agent, deadline)
        return DialError(str(problem))

    def _check(self, workspace: Workspace, agent: Agent, deadline: float) -> None:
        """Look whether it is an agent of the workspace's latest build. DialError, UnavailableError."""
        try:
            found = self._workspaces.get(workspace.owner_id, workspace.id, deadline)
        except NotFoundError as error:
            raise DialError("the workspace is not there", permanent=True) from error
        if agent.id not in {it.id for it in found.agents}:
            raise DialError("there is no such agent any more", permanent=True)


def _probe(agent: Agent) -> str:
    return f"{V2}/workspaceagents/{agent.id}/listening-ports"
