"""The end of a chat as it is built: settle what is in doubt, close, write down, delete, each under a claim that may be overtaken.

Callers: delete (of what is of the chat's own making), delete! (of whatever it has, which is named), adopt (another chat attaches W0).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.protocol.model import Move, by_id, committed, is_live, left, put, spend
from tests.protocol.rows import Look
from tests.protocol.turns import Turn

DELETES = ("delete", "delete!")


class Deletion(Turn):
    """What a caller does that deletes, or that meets with a deletion."""

    def look_aside(self) -> Iterator[Move]:
        """Look at a chat that is closed, or at what another chat is to have."""
        chat, me = self.chat, self.me
        seen = Look(chat.epoch, chat.generation, chat.bound, chat.planned, chat.name)
        if me.op == "adopt":
            live = is_live(self.state, "W0")
            yield self._go("reads W0 for another chat", at="link", found="W0") if live else self._ends(self.state, "gone", "reads W0")
        elif me.op not in DELETES:
            yield self._ends(self.state, "closed", "looks: the chat is closed")
        elif self._may_delete(chat.had):
            label = f"looks: closed, and {chat.had}, which it had, is there"
            yield self._go(label, at="claim", seen=seen, found=chat.had, name="discard" if self.rules.discards else "destroy")
        else:
            yield self._ends(self.state, "deleted", f"looks: closed, and there is nothing to delete of {chat.had}")

    def _may_delete(self, workspace_id: str | None) -> bool:
        found = by_id(self.state, workspace_id)
        return found is not None and found.state != "gone" and (found.maker == 0 or self.me.op == "delete!")

    def _deletes_what_is_bound(self) -> dict[str, Any]:
        """Return what is done once the claim is taken."""
        bound = self.chat.bound
        if self.rules.closes_first or not self._may_delete(bound):
            return {"name": "close"}
        return {"name": "destroy", "found": bound}

    def close(self) -> Move:
        """Unbind for good: what is to be deleted stays findable by the record of it."""
        chat = self.chat
        state = self._given_back(
            bound=None,
            planned=False,
            old=None,
            closed=True,
            had=chat.bound,
            generation=chat.generation + 1,
            left=tuple(sorted(it.rstrip("~") for it in self._left_with(chat.bound))),
        )
        return self._again(state, f"closes the chat, which had {chat.bound}")

    def discard(self) -> Iterator[Move]:
        """Write down that it will be deleted. No claim is asked for: what another chat has is refused."""
        found = self.me.found
        if self.chat.other == found:
            yield self._ends(self._released(), "another's", f"{found} is another chat's: not written down")
            return
        state = committed(self.state, self.row(self.state, discarded=tuple(sorted({*self.chat.discarded, str(found)}))))
        yield self.to(state, self.me._replace(at="destroy"), f"writes {found} down as discarded")

    def destroy(self) -> Iterator[Move]:
        """Ask for the deletion. It is acted upon whenever it arrives, whoever has claimed since."""
        chat, found = self.chat, self.me.found
        if left(self.state, "refuse"):
            state = spend(self.state, "refuse")
            yield self._ends(self._released()._replace(budget=state.budget), "refused", f"the deletion of {found} is refused")
        index, workspace = next((number, it) for number, it in enumerate(self.state.workspaces) if it.id == found)
        harmed = chat.harmed or chat.other == found
        deletions = chat.deletions if workspace.state == "gone" else (*chat.deletions, (self.index, self.me.calls))
        gone = self.state._replace(workspaces=put(self.state.workspaces, index, workspace._replace(state="gone")))
        gone = self.row(gone, harmed=harmed, deletions=deletions)
        label = f"deletes {found}"
        if not self.rules.closes_first and not chat.closed:
            yield self.to(gone, self.me._replace(at="close", found=None), label)
        else:
            yield self._again(self._released(gone), label)

    def _released(self, state: Any = None) -> Any:
        """Return the world after the claim was given back, if it still is this caller's."""
        world = self.state if state is None else state
        return committed(world, self.row(world, valid=False, token=())) if self._mine else world

    def link(self) -> Iterator[Move]:
        """Bind another chat to it, unless it was written down as discarded."""
        found = self.me.found
        if found in self.chat.discarded:
            yield self._ends(self.state, "refused", f"{found} was discarded: another chat is refused it")
        else:
            yield self._ends(committed(self.state, self.row(self.state, other=found)), "attached", f"binds another chat to {found}")
