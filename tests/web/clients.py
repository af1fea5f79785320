"""Clients of the app, as a process of their own, so that what they cost does not delay the servers' answers: `python -m tests.web.clients ROLE`.

ask ask for a workspace of each chat and poll until it is ready; probe asks for a page again and again, and says how long each answer took.
Arguments come as one line of JSON, and so does the answer.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from threading import Lock, Thread
from typing import Any
from urllib.parse import quote

JSON = {"Content-Type": "application/json"}
PATIENCE = 60.0
"""Seconds for one answer."""
HANGS = 10.0
"""Seconds for one that needs nothing."""


class Asker:
    """Asks for the workspace of one chat, as the page does, and looks once every `interval` seconds until it is ready."""

    def __init__(self, port: int, chat: str, *, interval: float, wait: float, told: dict[str, Any]) -> None:
        self._port = port
        self._chat = f"/chats/{quote(chat)}"
        self._status = f"status?wait={wait}" if wait else "status"
        self._interval = interval
        self._told = told
        self._line: HTTPConnection | None = None

    def run(self, until: float) -> None:
        """Ask, poll, and ask again where nothing is under way any more and nothing was made."""
        state = "absent"
        while state != "ready" and time.monotonic() < until:
            state = self._say("POST", "workspace", {"template": "docker"}) if state == "absent" else self._say("GET", self._status)
            self._told["states"][state] = self._told["states"].get(state, 0) + 1
            time.sleep(self._interval)
        self._told["ready" if state == "ready" else "not_ready"] += 1

    def _say(self, method: str, what: str, body: Mapping[str, object] | None = None) -> str:
        """Return the state, or how it was not told."""
        try:
            if self._line is None:
                self._line = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            self._line.request(method, f"{self._chat}/{what}", None if body is None else json.dumps(body), JSON)
            answer = self._line.getresponse()
            told = json.loads(answer.read())
        except (OSError, HTTPException):  # a worker that was killed, or a connection that was idle too long
            self._line = None
            return "absent" if method == "POST" else "no answer"
        if answer.status in (200, 202):
            return str(told["state"])
        self._told["errors"].append(f"{method} {what}: {answer.status} {told}")
        return "absent"


def ask(port: int, *, chats: int, each: int, interval: float, seconds: float, wait: float = 0, first: int = 0) -> dict[str, Any]:
    """Have `each` clients ask for the workspace of each chat, for so many seconds at most. wait: for how long a poll would have the server wait."""
    told: dict[str, Any] = {"ready": 0, "not_ready": 0, "states": {}, "errors": []}
    until = time.monotonic() + seconds
    names = [f"chat-{number}" for number in range(first, first + chats) for _ in range(each)]
    askers = [Asker(port, name, interval=interval, wait=wait, told=told) for name in names]
    threads = [Thread(target=asker.run, args=(until,)) for asker in askers]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {**told, "seconds": time.monotonic() - began}


def probe(ports: list[int], path: str, interval: float, times: int | None = None) -> list[list[float]]:
    """Ask each port in turn, so often, or else until standard input ends; return the seconds that each answer took, by port."""
    took: list[list[float]] = [[] for _ in ports]
    over = Lock()

    def wait_for_end() -> None:
        sys.stdin.read()
        over.acquire()

    Thread(target=wait_for_end, daemon=True).start()
    while not over.locked() if times is None else len(took[-1]) < times:
        for port, answers in zip(ports, took, strict=True):
            began = time.perf_counter()
            line = HTTPConnection("127.0.0.1", port, timeout=HANGS)
            line.request("GET", path)
            assert line.getresponse().read() == b"ok\n"
            answers.append(time.perf_counter() - began)
            line.close()
            time.sleep(interval)
    return took


def main(role: str) -> None:
    """Play a role, and tell what came of it."""
    arguments = json.loads(sys.stdin.readline())
    told = ask(**arguments) if role == "ask" else probe(**arguments)
    print(json.dumps(told), flush=True)  # noqa: T201 # how it talks


if __name__ == "__main__":
    main(*sys.argv[1:])
