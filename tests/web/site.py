"""The example under a real web server, as a process of its own, and what its clients see."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from queue import Queue
from threading import Thread
from typing import Any

import attrs

from chatworkspace_simulator import CoderSimulator
from tests.packaging.runs import ROOT

APP = "examples.flask_app.app:app"
GUNICORN = ("gunicorn", "--worker-class=gthread", "--workers=2", "--threads=4", "--no-control-socket", "--bind=127.0.0.1:0")
SERVERS: Mapping[str, tuple[str, ...]] = {
    "gunicorn": (*GUNICORN, APP),
    "gunicorn, patient": (
        *(it if it != "--threads=4" else "--threads=32" for it in GUNICORN),
        "--config=python:examples.flask_app.gunicorn_conf",
        "tests.web.patient:app",
    ),
    "gunicorn, preloaded": (*GUNICORN, "--preload", APP),
    "gunicorn, preloaded ports": (*GUNICORN, "--preload", "tests.web.preloaded:app"),
    "uvicorn": ("uvicorn", "tests.web.asgi:app", "--host=127.0.0.1", "--port={port}", "--no-access-log", "--timeout-graceful-shutdown=40"),
    "waitress": ("waitress", "--threads=4", "--connection-limit=1000", "--listen=127.0.0.1:0", APP),
}
PATIENCE = 60.0
"""Seconds until a server has to be up, or to have said something."""
LONGEST = 5 * PATIENCE
"""Seconds until a stream has to have come to its end, however many signs of life it gives."""


@attrs.frozen(kw_only=True)
class Event:
    """A server-sent event."""

    id: str
    name: str
    data: dict[str, Any]


@attrs.define(kw_only=True, eq=False)
class Site:
    """A running server."""

    process: subprocess.Popen[str]
    port: int = 0
    workers: Queue[int] = attrs.field(factory=Queue[int])
    """Their process ids, as they come up."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send one request; return status and JSON."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            line.close()

    def events(self, chat: str, last_id: str = "") -> Generator[Event]:
        """Yield the events of one stream until the server ends it; whoever stops early closes the connection."""
        line, over = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE), time.monotonic() + LONGEST
        try:
            line.request("GET", f"/chats/{chat}/events", headers={"Last-Event-ID": last_id} if last_id else {})
            answer = line.getresponse()
            assert answer.getheader("Content-Type", "").startswith("text/event-stream")
            fields: dict[str, str] = {}
            for raw in answer:
                assert time.monotonic() < over, "signs of life, and never an end"
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    yield Event(id=fields.get("id", ""), name=fields["event"], data=json.loads(fields["data"]))
                    fields = {}
        finally:
            line.close()


def follow(site: Site, chat: str, last_id: str = "") -> list[Event]:
    """Follow a chat until there is an outcome; ask again as often as the stream ends before, as a browser does."""
    seen: list[Event] = []
    over = time.monotonic() + LONGEST
    while not seen or seen[-1].name != "outcome":
        assert time.monotonic() < over, "it never came to its end"
        if seen:
            time.sleep(1)
        with suppress(OSError, HTTPException):  # the worker was killed
            for event in site.events(chat, seen[-1].id if seen else last_id):
                seen.append(event)  # noqa: PERF402 # what came before it was killed stays
    return seen


@contextmanager
def serving(server: str, simulator: CoderSimulator, store: str, *, port: int = 0, **environment: str) -> Generator[Site]:
    """Run the app until left. port: for a server that takes one."""
    settings = {"CODER_URL": simulator.url, "CODER_SESSION_TOKEN": simulator.token, "CHATWORKSPACE_STORE": store, **environment}
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))
    process = subprocess.Popen(
        (sys.executable, "-m", *(it.format(port=port) for it in SERVERS[server])),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, **settings},
        stderr=subprocess.PIPE,
        text=True,
    )
    site = Site(process=process)
    said: list[str] = []
    ports: Queue[int] = Queue()
    reader = Thread(target=_read, args=(process, site, ports, said))
    reader.start()
    try:
        site.port = ports.get(timeout=PATIENCE)
        assert site.port, "".join(said)
        yield site
    finally:
        process.terminate()
        process.wait(PATIENCE)
        reader.join()
    assert "Traceback" not in "".join(said), "".join(said)


def _read(process: subprocess.Popen[str], site: Site, ports: Queue[int], said: list[str]) -> None:
    """Read what the server says: where it listens, and who its workers are."""
    assert process.stderr is not None
    with process.stderr as lines:
        for line in lines:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                ports.put(int(found[1]))
            if found := re.search(r"Booting worker with pid: (\d+)", line):
                site.workers.put(int(found[1]))
    ports.put(0)  # it has ended: whoever still waits is told


class Clients:
    """Clients in a process of their own: see tests/web/clients.py."""

    def __init__(self, role: str, **arguments: object) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-m", "tests.web.clients", role), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()

    def end(self, seconds: float = PATIENCE) -> Any:
        """Say that it is over, and wait for what they have to tell. Ends them if they take longer."""
        try:
            told, _ = self._process.communicate(timeout=seconds)
        finally:
            self._process.kill()
        return json.loads(told)
