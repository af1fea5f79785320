"""Read what the platform offers a chat: its templates, how much they are used, and what one of them asks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from chatworkspace._application.calls import Call
from chatworkspace._application.given import Given
from chatworkspace._domain.answers import version_of_start
from chatworkspace._domain.offer import Evaluation, Parameter, TemplateUse
from chatworkspace._domain.parameters import Description, Questions, questions
from chatworkspace._domain.ranking import Ranking, described, rank
from chatworkspace._domain.templates import is_listed, is_readable
from chatworkspace._ports.patience import Cancel, check_cancel
from chatworkspace.errors import ChatWorkspaceError, RefusedError, TemplateError, UnavailableError
from chatworkspace.model import Chat, Reason, Template, Workspace
from chatworkspace.ports import NotFoundError

if TYPE_CHECKING:
    from chatworkspace._application.parts import Parts

T = TypeVar("T")


class Catalog:
    """Reads templates on behalf of a chat's owner. Changes nothing; safe from any thread.

    Each question is a call like others: it has as long as planning may take, and interrupting the chat, or closing all, ends it.
    """

    def __init__(self, given: Given, parts: Callable[[], Parts], *, cancel: Cancel | None = None) -> None:
        """parts: those of the running process. cancel: ends each question, as interrupting the chat does."""
        if cancel is not None:
            check_cancel(cancel)
        self._given = given
        self._parts = parts
        self._cancel = cancel

    def _call(self, chat: Chat, question: Hashable) -> Call:
        calls, clock, planning = self._parts().calls, self._given.clock, self._given.timeouts.planning
        call = Call(calls, clock, chat.id, 0.0, answering=planning, cancel=self._cancel, name="templates")
        call.arguments = partial(hash, question)
        return call

    @contextmanager
    def _asking(self, chat: Chat, question: Hashable) -> Generator[Call, None, None]:
        """Give a call. Out of its errors the values are taken that the chat has brought, and they say what to do. question: it is known by."""
        parts = self._parts()
        with self._call(chat, question) as call:
            try:
                yield call
            except ChatWorkspaceError as error:
                parts.guide.of_error(call, error)
                raise
            parts.guide.found_out(call)

    def ranked(self, chat: Chat, query: str, page: slice) -> Ranking:
        """Return the templates that the chat may use, best first, and those of a page whole, as far as a few requests can tell them.

        TemplateError (the allow-list failed), UnavailableError.
        """
        with self._asking(chat, "templates") as call:
            allowed = self._given.admission.allowed(chat)
            templates = self._asked(partial(self._given.creator.list_templates, chat.owner_id, chat.organization_id))
            shown = [template for template in templates if is_listed(template, chat, allowed)]
            ranking = rank(shown, self._uses(call, chat), query=query, now=self._given.clock.now())
            return described(ranking, page, self._whole(call, chat, [it.template for it in ranking.ranked[page]]))

    def _asked(self, ask: partial[T]) -> T:
        """Ask the platform. NotFoundError, UnavailableError."""
        clock, request = self._given.clock, self._given.timeouts.request
        asking = self._parts().asking
        return asking.platform(lambda until: ask(deadline=min(until, clock.monotonic() + request)), what=ask.func)

    def _uses(self, call: Call, chat: Chat) -> Mapping[UUID, TemplateUse] | None:
        ask = partial(self._given.creator.template_use, chat.owner_id, chat.organization_id)
        return self._parts().extras.ask(
            call, "template_use", chat.owner_id, lambda until: ask(deadline=until), missed="the use of templates could not be told"
        )

    def _whole(self, call: Call, chat: Chat, shown: Sequence[Template]) -> Mapping[UUID, Template]:
        ask = partial(self._given.creator.describe_templates, chat.owner_id, shown)
        told = shown and self._parts().extras.ask(
            call, "describe_templates", chat.owner_id, lambda until: ask(deadline=until), missed="the READMEs of templates could not be told"
        )
        return {it.id: it for it in told or ()}

    def described(self, chat: Chat, template_id: UUID) -> Description:
        """Return what a template asks. TemplateError, UnavailableError."""
        with self._asking(chat, template_id) as call:
            try:
                template = self._readable(chat, template_id)
                presets = self._asked(partial(self._given.creator.list_presets, chat.owner_id, template))
                told = Description(template=template, questions=self._questions(call, chat, template), presets=tuple(presets))
            except NotFoundError:
                raise TemplateError("there is no such template") from None
            return self._parts().redactor.of_description(call, told)

    def tells_what_a_start_asks(self, chat: Chat, workspace: Workspace) -> bool:
        """Tell whether described() is of the version that a start of the workspace uses; where that cannot be found out, it is taken to be."""
        try:
            with self._asking(chat, workspace.id):
                template = self._asked(partial(self._given.creator.get_template, chat.owner_id, workspace.template_id))
        except (NotFoundError, UnavailableError):
            return True
        return template.version_id == version_of_start(workspace)

    def _readable(self, chat: Chat, template_id: UUID) -> Template:
        template = self._asked(partial(self._given.creator.get_template, chat.owner_id, template_id))
        if template.organization_id != chat.organization_id:
            raise TemplateError("there is no such template")  # what is in another organization is not to be told
        if not is_readable(template, chat, self._given.admission.allowed(chat)) and not self._is_the_chats(chat, template_id):
            raise TemplateError(f"template {template.name} is not available for chats", reason=Reason.TEMPLATE_NOT_ALLOWED)
        return template

    def _is_the_chats(self, chat: Chat, template_id: UUID) -> bool:
        """Tell whether the chat's workspace is made from it: whoever starts that may have to read what it asks, allowed or not."""
        if chat.workspace_id is None:
            return False
        try:
            workspace = self._asked(partial(self._given.creator.get_workspace, chat.owner_id, chat.workspace_id))
        except NotFoundError:
            return False
        return workspace.template_id == template_id

    def _questions(self, call: Call, chat: Chat, template: Template) -> Questions:
        """Return what is asked as it is for this owner; where that cannot be told in the time that is left, as it was recorded. NotFoundError."""
        may_pass = True  # as long as nobody has said no

        def ask(until: float) -> tuple[Evaluation | None]:
            nonlocal may_pass
            try:
                return (self._given.creator.evaluate_parameters(chat.owner_id, template, deadline=until),)
            except (RefusedError, NotFoundError):
                may_pass = False
                raise
            except UnavailableError as error:
                may_pass = error.retryable
                raise

        evaluated = self._parts().extras.ask(
            call,
            "evaluate_parameters",
            template.id,
            ask,
            most=self._parts().asking.by() - self._given.clock.monotonic(),
            apart=True,
            missed="the parameters of a template could not be evaluated",
        )
        if evaluated is not None and evaluated[0] is not None and evaluated[0].stands_alone:
            return questions((), evaluated[0], failed=False)
        recorded: Sequence[Parameter] = self._asked(partial(self._given.creator.list_parameters, chat.owner_id, template))
        if evaluated is None:
            return questions(recorded, None, failed=True, may_pass=may_pass)
        return questions(recorded, evaluated[0], failed=False)
