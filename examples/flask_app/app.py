"""The web app: ask for a chat's workspace, start and stop it, and follow it live."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from flask import Flask, Response, render_template, request

from chatworkspace import (
    ChatClosedError,
    ChatNotFoundError,
    ChatWorkspaceError,
    ChatWorkspaces,
    InvalidArgumentError,
    Outcome,
    Progress,
)
from examples.flask_app._process import patience, this_process

LONGEST = 20.0
"""Seconds that a request may wait; whoever wants more asks again."""
RETRY = 1
"""Seconds after which a client should ask again."""

SHOWN = ("state", "reason", "phase", "next_step", "error", "log_tail")
"""Of an outcome: how things are, whoever asks. What else there is tells what the one call did."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Told = dict[str, Any]
Place = tuple[int, int, int]
"""How far a follower is: generation, build, lines of its log."""

app = Flask(__name__)


@app.get("/")
def page() -> str:
    """Show the page; everything else is asked for by its script."""
    return render_template("page.html", chat=request.args.get("chat", "thread-42"))


@app.get("/healthz")
def health() -> str:
    """Say that this process answers."""
    return "ok\n"


@app.post("/chats/<chat_id>/workspace")
def ask(chat_id: str) -> tuple[Told, int]:
    """Ask for the workspace and answer at once: the platform goes on building, and whoever looks or follows sees it, in any process."""
    template = _asked("template")  # of JSON, that a form of another site cannot send: it cannot ask in its visitor's name
    here = this_process()
    here.workspaces.open_chat(chat_id, owner_id=here.user.id, organization_id=here.user.organization_ids[0])
    return _accepted(here.workspaces.create(chat_id, here.template_id(template), wait=0))


@app.post("/chats/<chat_id>/<any(start, stop):action>")
def change(chat_id: str, action: str) -> tuple[Told, int]:
    """Start or stop the workspace; answers at once, too."""
    request.get_json()  # as above
    workspaces = this_process().workspaces
    return _accepted(workspaces.start(chat_id, wait=0) if action == "start" else workspaces.stop(chat_id, wait=0))


@app.get("/chats/<chat_id>/status")
def status(chat_id: str) -> Told:
    """Say how things are; ?wait=SECONDS waits until nothing is under way any more."""
    with patience(min(request.args.get("wait", 0.0, float), LONGEST)) as wait:
        return _told(this_process().workspaces.status(chat_id, wait=wait))


@app.get("/chats/<chat_id>/events")
def events(chat_id: str) -> Response:
    """Follow the workspace by server-sent events. The browser asks again by itself when the stream ends, and says what it has seen."""
    seen = _place(request.headers.get("Last-Event-ID", ""))
    return Response(_stream(this_process().workspaces, chat_id, seen), mimetype="text/event-stream")


@app.errorhandler(ChatWorkspaceError)
def failed(error: ChatWorkspaceError) -> tuple[Told, int, dict[str, str]]:
    """Tell an error of the library: what to do next, and whether to try again."""
    match error:
        case InvalidArgumentError():
            code = 400
        case ChatNotFoundError():
            code = 404
        case ChatClosedError():
            code = 410
        case _:
            code = 503 if error.retryable else 409
    return error.as_dict(), code, {"Retry-After": str(RETRY)} if code == 503 else {}


@app.after_request
def guard(response: Response) -> Response:
    """Let the page load nothing but its own files, and nobody keep what was true a moment ago."""
    response.headers |= HEADERS
    return response


# ---------------------------------------------------------------- inside


def _stream(workspaces: ChatWorkspaces, chat_id: str, seen: Place) -> Iterator[str]:
    """Yield events until there is an outcome, or the time of this stream is over. A client that has gone is noticed by the next event."""
    with patience(LONGEST) as wait:
        yield f"retry: {RETRY * 1000}\n\n"
        try:
            with closing(workspaces.follow(chat_id, wait=wait)) as steps:
                place = (0, 0, 0)
                for step in steps:
                    if step.outcome is not None:
                        if step.outcome.phase is None:
                            yield _event("outcome", place, _told(step.outcome))
                        return
                    place = _next(place, step)
                    if step.line is None:
                        yield _event("phase", max(place, seen), {"build": place[1], "phase": step.phase and step.phase.value})
                    elif place > seen:
                        yield _event("line", place, {"build": place[1], "text": step.line})
        except ChatWorkspaceError as error:
            yield _event("problem", seen, error.as_dict())


def _next(place: Place, step: Progress) -> Place:
    """Return the place of a step: lines are counted from the first of their build's log on, whoever follows and whenever."""
    generation, build, lines = place
    new = (step.generation, step.build_number or 0)
    return (*new, (lines if new == (generation, build) else 0) + (step.line is not None))


def _place(event_id: str) -> Place:
    numbers = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})", event_id)
    return (int(numbers[1]), int(numbers[2]), int(numbers[3])) if numbers else (0, 0, 0)


def _event(name: str, place: Place, data: Mapping[str, object]) -> str:
    """Write an event. JSON escapes line breaks, so no text of others can end it or begin another."""
    return f"id: {'.'.join(map(str, place))}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


def _asked(key: str) -> str:
    """Read a text from the request's JSON."""
    try:
        value: object = request.get_json()[key]
    except (KeyError, TypeError):
        value = None
    if not isinstance(value, str):
        raise InvalidArgumentError(key, "a text in the JSON of the request")
    return value


def _accepted(outcome: Outcome) -> tuple[Told, int]:
    return _told(outcome), 200 if outcome.phase is None else 202


def _told(outcome: Outcome) -> Told:
    told = outcome.as_dict()
    return {**{name: told[name] for name in SHOWN}, "workspace": outcome.workspace and outcome.workspace.full_name}
