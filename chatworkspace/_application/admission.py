"""What the host allows a chat: its templates, and how long a workspace runs before it stops by itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from chatworkspace._application.logs import fields, logger
from chatworkspace._domain.templates import WHY, check_template
from chatworkspace.errors import InvalidArgumentError, TemplateError
from chatworkspace.model import Chat, Reason, Template
from chatworkspace.ports import NotFoundError, WorkspaceCreator

AllowedTemplates = Callable[[Chat], Collection[UUID] | None]
WorkspaceTtl = Callable[[Chat], float | None] | float | None

LONGEST = 1e9
"""Seconds, some thirty years: what is more was meant as something else."""


class Admission:
    """Asks the host's callables, on every call anew. Safe from any thread if they are."""

    def __init__(self, creator: WorkspaceCreator, *, allowed_templates: AllowedTemplates | None, workspace_ttl: WorkspaceTtl) -> None:
        self._creator = creator
        self._allowed_templates = allowed_templates
        if not (workspace_ttl is None or callable(workspace_ttl) or _is_lifetime(workspace_ttl)):
            raise InvalidArgumentError("workspace_ttl", "a number of seconds of at least 0, a function of the chat that returns one, or None")
        self._workspace_ttl = workspace_ttl

    def check_template(self, chat: Chat, template_id: UUID, deadline: float) -> Template:
        """Return the template if the chat may use it. TemplateError, UnavailableError."""
        try:
            template = self._creator.get_template(chat.owner_id, template_id, deadline=deadline)
        except NotFoundError:
            raise TemplateError("there is no such template") from None
        problem = check_template(template, chat, self.allowed(chat))
        if problem is not None:
            raise TemplateError(f"no workspace can be created from template {template.name}: {WHY[problem]}", reason=problem)
        return template

    def allowed(self, chat: Chat) -> Collection[UUID] | None:
        """Return the ids of the templates that the chat may use; None: all. TemplateError."""
        if self._allowed_templates is None:
            return None
        try:
            return self._allowed_templates(chat)
        except Exception as error:
            logger.warning("allowed_templates failed", extra=fields(chat.id, Reason.ALLOW_LIST_FAILED), exc_info=True)
            raise TemplateError("which templates are allowed could not be told", reason=Reason.ALLOW_LIST_FAILED, retryable=True) from error

    def ttl_of(self, chat: Chat) -> float | None:
        """Return the seconds after which the workspace stops by itself, or None. Never fails."""
        try:
            ttl: Any = self._workspace_ttl(chat) if callable(self._workspace_ttl) else self._workspace_ttl
        except Exception:  # whatever it is, it may not block a creation
            logger.exception("workspace_ttl failed: the template's default holds", extra=fields(chat.id))
            return None
        if ttl is None or ttl == 0:
            return None
        if not _is_lifetime(ttl):
            logger.warning("workspace_ttl is no number of seconds: the template's default holds", extra=fields(chat.id))
            return None
        return float(ttl)


def _is_lifetime(ttl: object) -> bool:
    return isinstance(ttl, (int, float)) and not isinstance(ttl, bool) and 0 <= ttl < LONGEST
