"""The rules of AgentDialer and AgentConnection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from uuid import UUID

import attrs

from chatworkspace import UnavailableError, Workspace
from chatworkspace.ports import DialError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._agents import Fresh, Stage
from chatworkspace_contracts._checks import equal, holds, present, raises, within
from chatworkspace_contracts._commands import COMMAND, FILE
from chatworkspace_contracts._rules import Rule, Topic
from chatworkspace_contracts._seconds import BRIEF, LONG, SOON, THREADS
from chatworkspace_contracts._worlds import DialerWorld

UNKNOWN = UUID(int=404)


GONE = "whether the agent is said to be gone"

# ------------------------------------------------------------------ connections

CONNECTION = Topic("dialer.connection", "AgentDialer", Stage)


@CONNECTION.rule("open", "What dial() hands out is open: a command runs, and its output comes back.")
def a_connected_agent_is_reached(fresh: Fresh) -> None:
    it = fresh()
    equal("exit code and output", it.run(it.ready(), "echo hello"), (0, "hello"))


@CONNECTION.rule("exit-code", "A command that fails is no error: its exit code is told.")
def a_command_that_fails_is_no_error(fresh: Fresh) -> None:
    it = fresh()
    equal("the exit code", it.run(it.ready(), "exit 3")[0], 3)


@CONNECTION.rule("several-commands", "A connection runs several commands, one after another.")
def a_connection_runs_several_commands(fresh: Fresh) -> None:
    it = fresh()
    with it.dialled(it.ready()) as connection:
        said = [connection.run(f"echo {number}", timeout=LONG).output.strip() for number in range(3)]
    equal("what was said", said, ["0", "1", "2"])


@CONNECTION.rule("several", "An agent can be dialled again: letting go of a connection ends no other, before or after.")
def an_agent_can_be_dialled_again(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    with it.dialled(workspace) as connection:
        with it.dialled(workspace):
            pass
        equal("what was said", connection.run("echo still", timeout=LONG).output.strip(), "still")
    with it.dialled(workspace):
        pass


@CONNECTION.rule("error-inside", "Letting go of a connection swallows no error of whoever used it.")
def an_error_inside_comes_out(fresh: Fresh) -> None:
    it = fresh()
    with raises(LookupError), it.dialled(it.ready()):
        raise LookupError


@CONNECTION.rule("race", "Threads that reach one agent together have a connection each, and are told their own output.")
def threads_reach_one_agent_together(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    for _ in range(it.threads.rounds):
        said = it.threads.together([partial(it.run, workspace, f"echo {number}") for number in range(THREADS)])
        equal("exit codes and outputs", said, [(0, str(number)) for number in range(THREADS)])


@CONNECTION.rule("agent-lost", "A command on a connection whose agent was lost is UnavailableError or TimeoutError.", Ability.DROP)
def a_command_on_a_connection_whose_agent_was_lost(fresh: Fresh) -> None:
    it = fresh()
    _breaks(it, it.drop)


@CONNECTION.rule("workspace-stopped", "A command on a connection whose workspace was stopped is UnavailableError or TimeoutError.", Ability.STOP)
def a_command_on_a_connection_whose_workspace_was_stopped(fresh: Fresh) -> None:
    it = fresh()
    _breaks(it, it.stop)


def _breaks(it: Stage, end: Callable[[Workspace], None]) -> None:
    workspace = it.ready()
    with it.dialled(workspace) as connection:
        end(workspace)
        with raises(UnavailableError, TimeoutError):
            connection.run("echo hello", timeout=BRIEF)


# ------------------------------------------------------------------ dialling in vain

DIAL = Topic("dialer.dial", "AgentDialer", Stage)


@DIAL.rule("each-for-itself", "Each agent answers for itself: losing one leaves another in reach.", Ability.DROP)
def each_agent_answers_for_itself(fresh: Fresh) -> None:
    it = fresh()
    one, other = it.ready(), it.ready()
    it.drop(one)
    equal("exit code and output of the other", it.run(other, "echo here"), (0, "here"))
    it.refused(one)


@DIAL.rule("not-connected", "An agent that is not connected is DialError, not permanent: it may come.", Ability.UNCONNECTED)
def an_agent_that_is_not_connected(fresh: Fresh) -> None:
    it = fresh()
    equal(GONE, it.refused(present("an agent that never connects", it.world.unconnected)()), expected=False)


@DIAL.rule("lost", "An agent that was lost is DialError, not permanent.", Ability.DROP)
def an_agent_that_was_lost(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    it.drop(workspace)
    equal(GONE, it.refused(workspace), expected=False)


@DIAL.rule("back", "An agent that was lost and is back is reached.", Ability.DROP, Ability.RESTORE)
def an_agent_that_is_back(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    it.drop(workspace)
    it.refused(workspace)
    present("a way to give a connection back", it.world.restore)(workspace)
    equal("exit code and output", it.run(workspace, "echo back"), (0, "back"))


@DIAL.rule("never-was", "An agent that never was is DialError, permanent.")
def an_agent_that_never_was(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    equal(GONE, it.refused(workspace, attrs.evolve(workspace.agents[0], id=UNKNOWN)), expected=True)


@DIAL.rule("of-a-stopped-workspace", "The agent of a stopped workspace is DialError, permanent: it is gone with its build.", Ability.STOP)
def the_agent_of_a_stopped_workspace(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    it.stop(workspace)
    equal(GONE, it.refused(workspace), expected=True)


@DIAL.rule("of-a-build-before", "The agent of a build before is DialError, permanent; that of the latest is reached.", Ability.RESTART)
def the_agent_of_a_build_before(fresh: Fresh) -> None:
    it = fresh()
    before = it.ready()
    after = present("a way to restart a workspace", it.world.restart)(before)
    equal(GONE, it.refused(after, before.agents[0]), expected=True)
    equal("exit code and output of the new one", it.run(after, "echo new"), (0, "new"))


@DIAL.rule("of-a-deleted-workspace", "The agent of a deleted workspace is DialError, permanent.", Ability.DELETE)
def the_agent_of_a_deleted_workspace(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    present("a way to delete a workspace", it.world.delete)(workspace)
    equal(GONE, it.refused(workspace), expected=True)


@DIAL.rule("of-what-never-was", "The agent of a workspace that never was is DialError, permanent: not NotFoundError.")
def the_agent_of_a_workspace_that_never_was(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    equal(GONE, it.refused(attrs.evolve(workspace, id=UNKNOWN)), expected=True)


@DIAL.rule("deadline", "Not answered, dial() ends with DialError or UnavailableError by its deadline.", Ability.LOSE_REQUEST)
def dialling_keeps_its_deadline(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    present("a way to lose a request", it.world.lose_request)()
    deadline = it.clock.monotonic() + BRIEF
    with raises(DialError, UnavailableError):
        it.world.dialer.dial(workspace, workspace.agents[0], deadline=deadline)
    late = it.clock.monotonic() - deadline
    holds(f"an end at most {SOON:g} s after the deadline", late <= SOON, late)


# ------------------------------------------------------------------ ahead of a dial

WARM = Topic("dialer.warm", "AgentDialer", Stage)


@WARM.rule("lets-dial", "An agent that is reached ahead can be dialled meanwhile, and once that was let go of, which may be done again.")
def an_agent_that_is_reached_ahead_can_be_dialled(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    begun = it.warm(workspace)
    equal("exit code and output", it.run(workspace, "echo warm"), (0, "warm"))
    for _ in range(2 if begun is not None else 0):
        present("what was begun", begun).close()
    equal("exit code and output after that", it.run(workspace, "echo still"), (0, "still"))


@WARM.rule("not-waited-for", "warm() waits for no answer: not answered, it returns all the same.", Ability.LOSE_REQUEST)
def reaching_ahead_waits_for_no_answer(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    present("a way to lose a request", it.world.lose_request)()
    began = it.clock.monotonic()
    begun = it.warm(workspace)
    within("how long that took", it.clock.monotonic() - began, SOON)
    with suppress(DialError, UnavailableError):  # where nothing is asked ahead, it is the dial that is lost
        it.world.dialer.dial(workspace, workspace.agents[0], deadline=it.clock.monotonic() + BRIEF)
    if begun is not None:
        begun.close()


@WARM.rule("of-what-never-was", "To reach ahead what never was is nothing, or DialError.")
def what_never_was_is_not_reached_ahead(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    for unknown in (attrs.evolve(workspace, id=UNKNOWN), attrs.evolve(workspace, agents=(attrs.evolve(workspace.agents[0], id=UNKNOWN),))):
        with suppress(DialError):
            begun = it.warm(unknown)
            if begun is not None:
                begun.close()


DIALER_RULES: tuple[Rule[DialerWorld], ...] = (*CONNECTION.rules, *DIAL.rules, *WARM.rules, *COMMAND.rules, *FILE.rules)
"""All rules of AgentDialer and AgentConnection."""
