"""What users want beside: another workspace in place of the one that they have; and what they, and the application, do meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from uuid import UUID

from chatworkspace import Cancel
from tests.obedience.setting import CHAT, OWN, Setting

PAGE = ("stop", "start", "delete", "update_always", "cancel", "go_dormant", "wake", "time_out")
"""What a person does on the platform's page, beside the model."""
SOON = (1.0, 3.0, 10.0, 50.0, 130.0)
"""Seconds until somebody does something, and a bit."""


def _another(it: Setting) -> None:
    """Let the chat have a workspace of its user's, who wants another in its place, and says so whenever one is asked for."""
    users = it.sim.coder.add_template("users", agents_allowed=False)
    own = it.sim.coder.add_workspace(users, OWN, owner_id=it.sim.owner_id)
    it.sim.workspaces.attach(CHAT, own.id, wait=0)
    it.replaces = own.id


def _page(it: Setting) -> None:
    """Let a person do one thing after another there."""
    at = 0.0
    for _ in range(2 + it.whim.below(4)):
        at += it.whim.pick(SOON) + it.whim.share()
        it.at(at, partial(it.deed, it.whim.pick(PAGE)))


def _deleted(it: Setting) -> None:
    """Let the application close the chat and delete what it has."""
    host = it.sim.process("host").workspaces
    it.at(it.whim.pick(SOON) + it.whim.share(), partial(it.by_host, "delete", partial(host.delete, CHAT, wait=0)))


def _started(it: Setting) -> None:
    """Let the application have it made or started as well, for the same user, and stopped before by a person or not."""
    host, template_id = it.sim.process("host").workspaces, UUID(it.arguments["template_id"])
    at = it.whim.pick(SOON) + it.whim.share()
    if it.whim.happens(0.5):
        it.at(at, partial(it.deed, "stop"))
        at += it.whim.pick(SOON)
    it.at(at, partial(it.by_host, "create", partial(host.create, CHAT, template_id, start=True, wait=0)))


def _canceled(it: Setting) -> None:
    """Let the application end the waits of the model's turn; the next turn is another."""
    cancel = it.cancel = Cancel()
    it.at(it.whim.pick(SOON) + it.whim.share(), partial(it.by_host, "cancel", cancel.cancel))


WHIMS: Mapping[str, Callable[[Setting], None]] = {
    "another": _another,
    "page": _page,
    "deleted": _deleted,
    "started": _started,
    "canceled": _canceled,
}
"""One of them in some worlds that are not odd otherwise."""
