"""The web app: ask for a chat's workspace, start and stop it, and follow it live."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, render_template, request

from chatworkspace import ChatWorkspaceError, InvalidArgumentError, Outcome
from chatworkspace_web import EventStream, headers_of
from examples.flask_app._process import this_process

LONGEST = 20.0
"""Seconds that a request may wait; whoever wants more asks again."""

SHOWN = ("state", "reason", "phase", "next_step", "error", "log_tail")
"""Of an outcome: how things are, whoever asks. What else there is tells what the one call did."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

Told = dict[str, Any]

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
    return _told(this_process().workspaces.status(chat_id, wait=min(request.args.get("wait", 0.0, float), LONGEST)))


@app.get("/chats/<chat_id>/events")
def events(chat_id: str) -> Response:
    """Follow the workspace by server-sent events. The browser asks again by itself when the stream ends, and says what it has seen."""
    seen = request.headers.get("Last-Event-ID")
    stream = EventStream(this_process().workspaces, chat_id, last_event_id=seen, wait=LONGEST, outcome_data=_told)
    return Response(stream, headers=stream.headers)


@app.errorhandler(ChatWorkspaceError)
def failed(error: ChatWorkspaceError) -> tuple[Told, int, dict[str, str]]:
    """Tell an error of the library: what to do next, and whether and when to try again."""
    return error.as_dict(), error.http_status, headers_of(error)


@app.after_request
def guard(response: Response) -> Response:
    """Let the page load nothing but its own files, and nobody keep what was true a moment ago."""
    response.headers.extend(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


# ---------------------------------------------------------------- inside


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
