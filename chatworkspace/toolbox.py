"""The tools of one chat as a language model calls them: arguments in, a JSON-able result out.

All wire names and their wording live in this module and in those that it imports and nobody else does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from chatworkspace._application.logs import fields, logger
from chatworkspace._domain.arguments import check_callable, to_uuid
from chatworkspace._tools import template_results, vendors, workspace_results
from chatworkspace._tools.arguments import Arguments, check
from chatworkspace._tools.asked import Uses, Workspaces
from chatworkspace._tools.budget import compact
from chatworkspace._tools.definitions import LIST_TEMPLATES, READ_TEMPLATE, TOOLS, Tool
from chatworkspace._tools.messages import Reply, ToolCall, asked_in, sent_back
from chatworkspace._tools.workspace_results import Action
from chatworkspace.errors import ChatClosedError, ChatWorkspaceError, ClosedError, InvalidArgumentError, RefusedError, UnavailableError
from chatworkspace.model import Advice, Chat, State, Workspace
from chatworkspace.outcomes import Outcome
from chatworkspace.ports import Clock, PortError

if TYPE_CHECKING:
    from chatworkspace._application.catalog import Catalog
    from chatworkspace._tools.vendors import Form

Other = Callable[[str, Mapping[str, Any] | str], "ToolResult"]
"""A host's own tools: called with name and arguments."""
NONE_OF_THEM = UUID(int=0)
"""What is to be replaced where nothing is: the wish for another workspace is known by it all the same, when the call comes back."""


@attrs.frozen(kw_only=True)
class ToolResult:
    """What a tool says.

    content: JSON-able.
    is_error: nothing was made and there is no id to show.
    """

    content: dict[str, Any]
    is_error: bool

    @property
    def text(self) -> str:
        """Content as compact JSON, at most 1,600 bytes for a workspace result."""
        return compact(self.content)


@attrs.frozen(kw_only=True)
class ToolFunction:
    """One tool as a function, for frameworks that call tools themselves.

    name: as the model calls it.
    description: what the model is told of it.
    schema: of its arguments, as plain JSON Schema.
    run: takes the arguments by name, and returns the result's text, or raises what was given for errors.
    """

    name: str
    description: str
    schema: dict[str, Any]
    run: Callable[..., str]


class Toolbox:
    """The five tools of one chat: list_templates, read_template, create_workspace, start_workspace, stop_workspace. Safe from any thread.

    And its hands, where the host has asked for them: execute, read_file, write_file.
    """

    def __init__(
        self,
        workspaces: Workspaces,
        chat_id: str,
        *,
        catalog: Catalog,
        clock: Clock,
        wait: float | None,
        cancel: Any = None,
        tools: Collection[str] = (),
        uses: Uses | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """cancel: a Cancel of the host's or None, passed on as it came. tools: hands that are offered. uses: where what they do is known.

        env: variables of commands; InvalidArgumentError.
        """
        self._workspaces = workspaces
        self._chat_id = chat_id
        self._catalog = catalog
        self._clock = clock
        self._wait = wait
        self._cancel = cancel
        self._runs: dict[str, Callable[[Arguments, float | None], ToolResult]] = {
            "list_templates": self._list,
            "read_template": self._read,
            "create_workspace": self._create,
            "start_workspace": self._start,
            "stop_workspace": self._stop,
        }
        self._tools: tuple[Tool, ...] = TOOLS
        if (tools or env is not None) and uses is not None:
            from chatworkspace._tools.using import Using  # noqa: PLC0415 # whoever offers no hands does not load them

            offered = Using(workspaces, chat_id, cancel, uses, env).offered(tools)
            self._tools = (*TOOLS, *offered)
            self._runs |= {tool.name: partial(_used, run) for tool, run in offered.items()}

    def specs(self, form: Form) -> list[Any]:
        """Return the tools' definitions, ready to be sent. InvalidArgumentError.

        form: "openai" (strict function tools, for Chat Completions), "openai-responses" (the same for the Responses API), "anthropic", or "mcp".
        Each is a dict; packages of vendors have types of their own for it.
        """
        if form not in vendors.FORMS:
            raise InvalidArgumentError("form", f"one of {', '.join(vendors.FORMS)}")
        return vendors.specs(form, self._tools)

    def functions(self, *, error: Callable[[str], Exception]) -> list[ToolFunction]:
        """Return the tools as functions, for a framework that calls tools itself.

        error: makes of the text of an error result what the framework takes for a failed tool (LangChain's ToolException, PydanticAI's ToolFailed):
        errors stay errors. What `run` raises besides are ClosedError and bugs.
        """
        check_callable("error", error)
        told = ((it["name"], it) for it in vendors.specs("anthropic", self._tools))
        return [
            ToolFunction(name=name, description=it["description"], schema=it["input_schema"], run=_function(partial(self.call, name), error))
            for name, it in told
        ]

    def call(self, name: str, arguments: Mapping[str, Any] | str) -> ToolResult:
        """Run one tool. arguments: a mapping, or the JSON text as the model wrote it. Raises only ClosedError and bugs."""
        return self._called(name, arguments, self._wait)

    def answer(self, message: object, *, other: Other | None = None) -> list[Any]:
        """Make the calls that a model asks for, one after the other, and return what is sent back: messages, or items of the Responses API, as dicts.

        message: a response of OpenAI's Chat Completions or Responses API or of Anthropic's Messages API, or the assistant's message in it: an object
        of their packages, or its JSON as a dict. Every call in it is answered, in order; none in it: an empty list. All of them together wait no
        longer than one may.
        other: answers calls of tools that are not of this toolbox, by name and by arguments as they are in the message; what it raises is logged, and
        the model is told that the tool has failed. By default the model is told that there is no such tool.

        InvalidArgumentError, before any call is made: the message is none of these. ClosedError, where no call was answered before; else the model is
        told, so that no answer is lost.
        """
        check_callable("other", other)
        api, calls = asked_in(message)
        until = None if self._wait is None else self._clock.monotonic() + self._wait
        replies: list[Reply] = []
        for call in calls:
            wait = None if until is None else max(until - self._clock.monotonic(), 0.0)
            try:
                its_own = None if self._named(call.name) else other
                result = self._called(call.name, call.arguments, wait) if its_own is None else _by_other(its_own, call, self._chat_id)
            except ClosedError as error:
                if not replies:
                    raise
                result = _failed(error, None)
            replies.append(Reply(call=call, text=result.text, is_error=result.is_error))
        return sent_back(api, replies)

    def _called(self, name: str, arguments: Mapping[str, Any] | str, wait: float | None) -> ToolResult:
        try:
            tool = self._named(name)
            if tool is None:
                raise InvalidArgumentError("name", f"one of {', '.join(tool.name for tool in self._tools)}")
            return self._runs[tool.name](check(tool, arguments), wait)
        except ClosedError:
            raise
        except ChatWorkspaceError as error:
            return _failed(error, None)
        except PortError as error:
            return _failed(UnavailableError(str(error), retryable=False), None)  # of a kind that no port may raise there

    def _named(self, name: str) -> Tool | None:
        return next((tool for tool in self._tools if tool.name == name), None)

    # ------------------------------------------------------------ templates

    def _list(self, arguments: Arguments, wait: float | None) -> ToolResult:
        del wait  # it waits for nothing
        chat = self._open_chat()
        page = arguments.numbers.get("page", 1)
        ranking = self._catalog.ranked(chat, arguments.text("query"), template_results.entries_of(page))
        return ToolResult(content=template_results.of_ranking(ranking, page), is_error=False)

    def _read(self, arguments: Arguments, wait: float | None) -> ToolResult:
        del wait  # as above
        template_id = _id_of(LIST_TEMPLATES, arguments, "template_id")
        chat = self._open_chat()
        return ToolResult(content=template_results.of_description(self._catalog.described(chat, template_id)), is_error=False)

    def _open_chat(self) -> Chat:
        """Return the chat. One that is closed is offered nothing: it could not be had."""
        chat = self._workspaces.get_chat(self._chat_id)
        if chat.closed:
            raise ChatClosedError(chat.id)
        return chat

    # ------------------------------------------------------------ workspaces

    def _create(self, arguments: Arguments, wait: float | None) -> ToolResult:
        template_id = _id_of(LIST_TEMPLATES, arguments, "template_id")
        outcome = self._workspaces.create(
            self._chat_id,
            template_id,
            name=arguments.text("name"),
            parameters=arguments.pairs.get("parameters"),
            preset_id=_id_of(READ_TEMPLATE, arguments, "preset_id") if arguments.text("preset_id") else None,
            replace=self._replaced(arguments, template_id),
            wait=wait,
            cancel=self._cancel,
        )
        return _told(Action.CREATE, outcome)

    def _replaced(self, arguments: Arguments, wanted: UUID) -> UUID | bool:
        """Return the workspace that is to be replaced. None is while what is asked for is on its way, or where there is none."""
        if not arguments.flags.get("replace_workspace", False):
            return False
        now = self._workspaces.status(self._chat_id)
        if now.workspace is None:
            return now.workspace_id or NONE_OF_THEM
        on_its_way = now.state is State.STARTING and now.workspace.build.number == 1 and now.workspace.template_id == wanted
        return NONE_OF_THEM if on_its_way else now.workspace.id

    def _start(self, arguments: Arguments, wait: float | None) -> ToolResult:
        try:
            parameters = arguments.pairs.get("parameters")
            return _told(Action.START, self._workspaces.start(self._chat_id, parameters=parameters, wait=wait, cancel=self._cancel))
        except RefusedError as error:
            return self._refused_start(error) if error.validations else _failed(error, None)

    def _refused_start(self, error: RefusedError) -> ToolResult:
        """Tell what is wrong with the answers. Where the start uses another version than read_template tells of, that would mislead."""
        try:
            now = self._workspaces.status(self._chat_id)
        except ChatWorkspaceError:  # why it was refused is told all the same
            return _failed(error, None)
        to_read = now.workspace is not None and self._catalog.tells_what_a_start_asks(now.chat, now.workspace)
        return _failed(error, now.workspace, to_read=to_read)

    def _stop(self, arguments: Arguments, wait: float | None) -> ToolResult:
        del arguments  # it takes none
        return _told(Action.STOP, self._workspaces.stop(self._chat_id, wait=wait, cancel=self._cancel))


def _id_of(source: Tool, arguments: Arguments, name: str) -> UUID:
    """Return an id. What is none leads to the tool that gives it."""
    try:
        return to_uuid(name, arguments.text(name))
    except InvalidArgumentError:
        error = InvalidArgumentError(name, f"a UUID, as {source.name} gives it")
        error.advice = Advice(source.name)
        error.next_step = f"Call {source.name}, then make the call with the id that it gives."
        raise error from None


def _used(run: Callable[[Arguments], tuple[dict[str, Any], bool]], arguments: Arguments, wait: float | None) -> ToolResult:
    del wait  # what is done has a time of its own
    content, is_error = run(arguments)
    return ToolResult(content=content, is_error=is_error)


def _told(action: Action, outcome: Outcome) -> ToolResult:
    return ToolResult(content=workspace_results.of_outcome(action, outcome), is_error=False)


def _function(call: Callable[[Mapping[str, Any]], ToolResult], error: Callable[[str], Exception]) -> Callable[..., str]:
    def run(**arguments: Any) -> str:
        result = call(arguments)
        if result.is_error:
            raise error(result.text)
        return result.text

    return run


def _by_other(other: Other, call: ToolCall, chat_id: str) -> ToolResult:
    try:
        result = other(call.name, call.arguments)
        if isinstance(result, ToolResult):  # pyright: ignore[reportUnnecessaryIsInstance] # a host may return anything
            return result
        raise InvalidArgumentError("other", "a function that returns a ToolResult")  # noqa: TRY301 # as what it raises itself
    except Exception:
        logger.exception("a tool of the host's failed", extra=fields(chat_id))
        return ToolResult(content={"error": "the tool failed"}, is_error=True)


def _failed(error: ChatWorkspaceError, workspace: Workspace | None, *, to_read: bool = False) -> ToolResult:
    return ToolResult(content=workspace_results.of_error(error, workspace, to_read=to_read), is_error=workspace_results.is_error(error))
