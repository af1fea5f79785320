"""What was done elsewhere: by processes that have died since, or by workers that the same model has called before, as platform and record tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from chatworkspace._application.calls import Call
from chatworkspace._application.extras import Extras
from chatworkspace._application.making import REFUSED
from chatworkspace._application.turn import Wish
from chatworkspace._domain.names import may_be_of
from chatworkspace._domain.past import begun_anew, failed_again, restarted, stopped_in_vain, version_before
from chatworkspace._domain.texts import visible
from chatworkspace.errors import RefusedError
from chatworkspace.model import Build, Chat, Reason, State, Workspace
from chatworkspace.outcomes import Outcome
from chatworkspace.ports import Intent, Store, WorkspaceCreator

MOST = 1024
"""Workspaces whose builds are remembered."""
DEAD = (Reason.AGENT_TIMED_OUT, Reason.AGENT_LOST, Reason.AGENT_SHUT_DOWN, Reason.DIAL_FAILED)
"""What a restart is advised for."""


class Elsewhere:
    """Asks what this process cannot remember. All of it is a help: where it is not told, this process goes by what it knows.

    Safe from any thread, without a lock: each step is one of a dict's own.
    """

    def __init__(self, *, creator: WorkspaceCreator, store: Store, extras: Extras, restart: float) -> None:
        """restart: seconds within which a restart follows upon the start before, where it is one that was advised."""
        self._creator = creator
        self._store = store
        self._extras = extras
        self._restart = restart
        self._builds: dict[UUID, tuple[UUID, Sequence[Build]]] = {}

    # ------------------------------------------------------------ what has failed before

    def failed_before(self, call: Call, outcome: Outcome) -> bool:
        """Tell whether what the outcome tells has come of the build before as well."""
        workspace = outcome.workspace
        if workspace is None:
            return False
        if outcome.state is State.FAILED:
            return self.failed_again(call, workspace)
        return outcome.reason in DEAD and self.restarted(call, workspace)

    def failed_again(self, call: Call, workspace: Workspace) -> bool:
        """Tell whether the latest build has failed as one before it."""
        builds = self.builds(call, workspace, least=2)
        return bool(builds) and failed_again(builds)

    def restarted(self, call: Call, workspace: Workspace) -> bool:
        """Tell, of one that is of no use, whether it was started anew for that."""
        return restarted(self.builds(call, workspace, least=3), within=self._restart)

    def stopped_in_vain(self, call: Call, workspace: Workspace) -> bool:
        """Tell, of one that is stopped, whether it was started twice, and stopped again at once."""
        return stopped_in_vain(self.builds(call, workspace, least=4))

    def begun_anew(self, call: Call, workspace: Workspace, *, within: float) -> bool:
        """Tell, of what is under way, whether it was stopped within so many seconds, by whichever process."""
        return begun_anew(self.builds(call, workspace, least=3), within=within)

    def version_before(self, call: Call, workspace: Workspace) -> UUID | None:
        """Return the version of the template that was built before; None: nothing was, or that is not told."""
        return version_before(self.builds(call, workspace, least=2))

    def refused_before(self, call: Call, error: RefusedError) -> bool:
        """Tell whether the platform has refused the chat the same in the same words, as the history notes it."""
        said: list[str] = []
        for planned in reversed(self._history(call, call.chat_id)):
            said += [note.partition(REFUSED)[2] for note in planned.notes]
            if planned.workspace_id is not None:
                break
        return said.count(visible(str(error))) > 1  # once by this call

    def builds(self, call: Call, workspace: Workspace, *, least: int) -> Sequence[Build]:
        """Return the builds as of one instant, the latest first; none where there are fewer, it is another by now, or they are not told."""
        if workspace.build.number < least:
            return ()
        known = self._builds.get(workspace.id)
        if known is None or known[0] != workspace.build.id:
            ask = partial(self._creator.list_builds, workspace)
            told = self._extras.ask(call, "builds", workspace.id, lambda until: ask(deadline=until))
            if told is None or not told or told[0].id != workspace.build.id:
                return ()
            known = workspace.build.id, told
            if told[0].over_for is not None:
                self._builds[workspace.id] = known
            if len(self._builds) > MOST:
                for oldest in list(self._builds)[: MOST // 2]:
                    self._builds.pop(oldest, None)
        return known[1]

    # ------------------------------------------------------------ what was wished for

    def answers_hold(self, call: Call, workspace: Workspace, answers: Mapping[str, str]) -> bool:
        """Tell whether the latest build was asked for with all of these answers."""
        if not answers:
            return True
        ask = partial(self._creator.build_parameters, workspace)
        built = self._extras.ask(call, "answers of a build", workspace.id, lambda until: ask(deadline=until))
        return built is not None and answers.items() <= built.items()

    def has_preset(self, call: Call, chat: Chat, workspace: Workspace, preset_id: UUID | None) -> bool:
        """Tell whether the chat's workspace was asked for with this preset."""
        made = self._made(call, chat.id)
        return made is not None and (made.workspace_id, made.preset_id) == (workspace.id, preset_id)

    def was_wished(self, call: Call, chat: Chat, workspace: Workspace, wish: Wish) -> bool:
        """Tell whether the chat's workspace is the making of this very wish."""
        made = self._made(call, chat.id)
        return made is not None and _asked_for(made, workspace, wish) and self.answers_hold(call, workspace, wish.parameters)

    def has_replaced(self, call: Call, workspace: Workspace, wish: Wish) -> bool:
        """Tell whether the chat's workspace has taken another's place for this very wish, by whichever process."""
        made = self._made(call, call.chat_id)
        if made is None or made.replaces is None or not _asked_for(made, workspace, wish):
            return False
        return self.answers_hold(call, workspace, wish.parameters)

    def _made(self, call: Call, chat_id: str) -> Intent | None:
        history = self._history(call, chat_id)
        return history[-1] if history else None

    def _history(self, call: Call, chat_id: str) -> Sequence[Intent]:
        return self._extras.ask(call, "history", chat_id, lambda _: self._store.history(chat_id)) or ()


def _asked_for(made: Intent, workspace: Workspace, wish: Wish) -> bool:
    planned = (made.workspace_id, made.template_id, made.preset_id) == (workspace.id, wish.template_id, wish.preset_id)
    return planned and may_be_of(wish.name, workspace.name)
