"""Read what the platform offers a chat: its templates, how much they are used, and what one of them asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from chatworkspace._application.admission import Admission, logger
from chatworkspace._domain.offer import Parameter, TemplateUse
from chatworkspace._domain.parameters import Description, Questions, questions
from chatworkspace._domain.ranking import Ranking, rank
from chatworkspace._domain.templates import is_listed
from chatworkspace.errors import ChatWorkspaceError, TemplateError
from chatworkspace.model import Chat, Reason, Template
from chatworkspace.ports import Clock, NotFoundError, PortError, WorkspaceCreator
from chatworkspace.timeouts import Timeouts


class Catalog:
    """Reads templates on behalf of a chat's owner. Changes nothing; safe from any thread."""

    def __init__(self, *, creator: WorkspaceCreator, admission: Admission, clock: Clock, timeouts: Timeouts) -> None:
        self._creator = creator
        self._admission = admission
        self._clock = clock
        self._timeouts = timeouts

    def _deadline(self) -> float:
        return self._clock.monotonic() + self._timeouts.request

    def ranked(self, chat: Chat, query: str) -> Ranking:
        """Return the templates that the chat may use, best first. TemplateError (the allow-list failed), UnavailableError."""
        allowed = self._admission.allowed(chat)
        templates = self._creator.list_templates(chat.owner_id, chat.organization_id, deadline=self._deadline())
        shown = [template for template in templates if is_listed(template, chat, allowed)]
        return rank(shown, self._uses(chat), query=query, now=self._clock.now())

    def _uses(self, chat: Chat) -> Mapping[UUID, TemplateUse] | None:
        try:
            return self._creator.template_use(chat.owner_id, chat.organization_id, deadline=self._deadline())
        except (ChatWorkspaceError, PortError):
            logger.warning("the use of templates could not be told", extra={"chat_id": chat.id, "reason": ""}, exc_info=True)
            return None

    def described(self, chat: Chat, template_id: UUID) -> Description:
        """Return what a template asks. TemplateError, UnavailableError."""
        template = self._readable(chat, template_id)
        try:
            recorded = self._creator.list_parameters(chat.owner_id, template, deadline=self._deadline())
            presets = self._creator.list_presets(chat.owner_id, template, deadline=self._deadline())
        except NotFoundError:
            raise TemplateError("there is no such template") from None
        return Description(template=template, questions=self._questions(chat, template, recorded), presets=tuple(presets))

    def _readable(self, chat: Chat, template_id: UUID) -> Template:
        try:
            template = self._creator.get_template(chat.owner_id, template_id, deadline=self._deadline())
        except NotFoundError:
            raise TemplateError("there is no such template") from None
        if template.organization_id != chat.organization_id:
            raise TemplateError("there is no such template")  # what is in another organization is not to be told
        if not is_listed(template, chat, self._admission.allowed(chat)):
            raise TemplateError(f"template {template.name} is not available for chats", reason=Reason.TEMPLATE_NOT_ALLOWED)
        return template

    def _questions(self, chat: Chat, template: Template, recorded: Sequence[Parameter]) -> Questions:
        try:
            evaluation = self._creator.evaluate_parameters(chat.owner_id, template, deadline=self._deadline())
        except (ChatWorkspaceError, PortError):
            logger.warning("the parameters of a template could not be evaluated", extra={"chat_id": chat.id, "reason": ""}, exc_info=True)
            return questions(recorded, None, failed=True)
        return questions(recorded, evaluation, failed=False)
