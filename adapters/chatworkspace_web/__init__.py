"""A chat's workspace in a browser, live: server-sent events under any WSGI or ASGI server. Needs nothing but Python.

An EventStream is what a WSGI server sends, whatever the framework. In a Flask view, which is all that there is to write:

    stream = EventStream(workspaces, chat_id, last_event_id=request.headers.get("Last-Event-ID"))
    return Response(stream, headers=stream.headers)

Under an asyncio server an ASGIEvents is a whole application, or one route of it, with threads of its own that are limited in number:

    app.add_route("/chats/{chat_id}/events", ASGIEvents(workspaces, threads=32))

There, an ASGIWaits awaits a call in such threads, and ends its wait when the client goes:

    outcome = await waits(request.receive, workspaces.create, chat_id, template_id, wait=20)

In the browser, where it comes back by itself and says what it has seen:

    const events = new EventSource(`/chats/${chat}/events`);
    events.addEventListener("line", (event) => show(JSON.parse(event.data).line));

close_at_signal ends what waits when the server is told to end, headers_of says when a request may be made again, and error_response is the answer
of FastAPI and Starlette to any error of the library.
"""

from __future__ import annotations

from chatworkspace import __version__
from chatworkspace_web._asgi import ASGIEvents, error_response
from chatworkspace_web._ending import close_at_signal
from chatworkspace_web._stream import EventStream, headers_of
from chatworkspace_web._waits import ASGIWaits

__all__ = ["ASGIEvents", "ASGIWaits", "EventStream", "__version__", "close_at_signal", "error_response", "headers_of"]


def __dir__() -> list[str]:
    return __all__
