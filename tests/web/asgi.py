"""An application for asyncio servers, without a framework: a page, a chat's workspace, and its events."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from chatworkspace_web import ASGIEvents, close_at_signal
from examples.flask_app._process import end_waits, this_process

PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Workspace</title><link rel="icon" href="data:,"></head><body>
<p id="state"></p><ol id="phases"></ol><pre id="log"></pre>
<script>
const find = (id) => document.getElementById(id);
const source = new EventSource("/chats/a/events");
const on = (name, show) => source.addEventListener(name, (event) => show(JSON.parse(event.data)));
on("line", (told) => find("log").append(told.line + "\\n"));
on("phase", (told) => { const item = document.createElement("li"); item.textContent = told.phase; find("phases").append(item); });
on("outcome", (told) => { find("state").textContent = "is " + told.state; source.close(); });
</script></body></html>"""

events: list[ASGIEvents] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer, as ASGI has it."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["path"].endswith("/events"):
        await events[0](scope | {"path_params": {"chat_id": scope["path"].split("/")[2]}}, receive, send)
    elif scope["method"] == "POST":
        told = await asyncio.to_thread(_made, scope["path"].split("/")[2])
        await _answer(send, b"application/json", json.dumps(told).encode())
    elif scope["path"] == "/under-way":
        await _answer(send, b"application/json", str(len(this_process().workspaces._parts.calls)).encode())
    else:
        await _answer(send, b"text/html", PAGE)


async def _live(receive: Any, send: Any) -> None:
    """Begin before the first request, and end when the server does."""
    await receive()
    close_at_signal(end_waits)
    events.append(ASGIEvents(this_process().workspaces, threads=8))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    events[0].close()
    await send({"type": "lifespan.shutdown.complete"})


def _made(chat: str) -> dict[str, Any]:
    """Ask for a workspace."""
    here = this_process()
    here.workspaces.open_chat(chat, owner_id=here.user.id, organization_id=here.user.organization_ids[0])
    return here.workspaces.create(chat, here.template_id("docker"), wait=0).as_dict()


async def _answer(send: Any, kind: bytes, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})
