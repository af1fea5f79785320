"""A vendor's endpoint on loopback that answers as it is told, one answer a request, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


class Endpoint:
    """What it answers, in order, and what it was asked. For one conversation."""

    def __init__(self, answers: Sequence[Json]) -> None:
        self.url = ""
        self.asked: list[Json] = []
        """Bodies of requests."""
        self.paths: list[str] = []
        self._answers = iter(answers)
        self._lock = threading.Lock()
        """Guards the order of answers and requests."""

    def answer(self, path: str, asked: Json) -> Json | None:
        """Return the next answer; None: there is none left."""
        with self._lock:
            self.paths.append(path)
            self.asked.append(asked)
            return next(self._answers, None)


@contextmanager
def serving(answers: Sequence[Json]) -> Generator[Endpoint, None, None]:
    """Serve them over HTTP."""
    endpoint = Endpoint(answers)

    class Handler(BaseHTTPRequestHandler):
        # HTTP/1.0: a connection a request, so that no client keeps one open that it never closes
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = endpoint.answer(self.path, asked)
            body = json.dumps(answer if answer is not None else {"error": {"message": "nothing is left to say"}}).encode()
            self.send_response(200 if answer is not None else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the standard library's name for it
            del format, args  # nobody reads it

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
