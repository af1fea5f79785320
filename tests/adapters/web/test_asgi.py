"""Streams of events under an asyncio server: in threads that are limited, and ended when a client goes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import attrs
import pytest

from chatworkspace import ChatNotFoundError, Reason, UnavailableError
from chatworkspace_web import ASGIEvents, error_response
from tests.adapters.web.reading import Browser
from tests.hanging import PATIENCE, until
from tests.service.chats import CHAT
from tests.service.test_threads import Real

LOG = [f"line {number}" for number in range(1, 4)]

Message = MutableMapping[str, Any]


@attrs.define(eq=False)
class Client:
    """One request, as an ASGI server sees it."""

    chat: str = CHAT
    last_event_id: str = ""
    sent: list[Message] = attrs.field(factory=list[Message])
    going: asyncio.Event = attrs.field(factory=asyncio.Event)
    """Set when the client goes away."""
    slow: float = 0.0
    broken: bool = False
    asked: int = 0

    @property
    def scope(self) -> Message:
        """What it asks for."""
        headers = [(b"Last-Event-ID", self.last_event_id.encode())] if self.last_event_id else []
        return {"type": "http", "path_params": {"chat_id": self.chat}, "headers": headers}

    async def receive(self) -> Message:
        """Return its request, and then that it has gone."""
        self.asked += 1
        if self.asked > 1:
            await self.going.wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        """Take an answer's part."""
        if self.broken:
            raise OSError("gone")
        await asyncio.sleep(self.slow)
        self.sent.append(message)

    async def ask(self, app: ASGIEvents) -> Client:
        """Ask, and return when it is answered."""
        await app(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        """Of the answer."""
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        """Of the answer."""
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        """Of the answer, as far as it has come."""
        return b"".join(it["body"] for it in self.sent[1:])

    @property
    def browser(self) -> Browser:
        """What a page has been told."""
        browser = Browser()
        list(browser.read([self.body]))
        return browser

    @property
    def complete(self) -> bool:
        """The answer has its end."""
        return bool(self.sent) and not self.sent[-1].get("more_body", False)


@pytest.fixture
def real() -> Iterator[Real]:
    made = Real()
    yield made
    made.chats.close()
    assert made.quiet
    until(lambda: not [it for it in threading.enumerate() if it.name.startswith("chatworkspace-web")])


@pytest.fixture
def app(real: Real) -> Iterator[ASGIEvents]:
    made = ASGIEvents(real.chats, wait=60, threads=2)
    yield made
    made.close()


def create(real: Real, **template: Any) -> None:
    real.chats.create(CHAT, real.coder.add_template("docker", **template).id, wait=0)


def run(act: Callable[[], Awaitable[Any]]) -> Any:
    """Run on an event loop; nothing may take for ever."""

    async def bounded() -> Any:
        return await asyncio.wait_for(act(), PATIENCE)

    return asyncio.run(bounded())


async def seen(holds: Callable[[], object]) -> None:
    """Return when it is so; the loop goes on meanwhile."""
    while not holds():  # noqa: ASYNC110 # what is looked for sets nothing
        await asyncio.sleep(0.002)


def test_a_whole_stream(real: Real, app: ASGIEvents) -> None:
    """Its headers, events as under any server, and its end."""
    create(real, build=0.3, connect=0.1, log=LOG)
    client = run(lambda: Client().ask(app))
    assert (client.status, client.headers[b"content-type"], client.headers[b"x-accel-buffering"]) == (200, b"text/event-stream", b"no")
    assert client.browser.names[-1] == "outcome"
    assert [it["line"] for it in client.browser.of("line")] == LOG
    assert client.complete


def test_a_stream_that_is_gone_on_with(real: Real, app: ASGIEvents) -> None:
    """By the header that a browser sends."""
    create(real, build=0.3, log=LOG)
    first = run(lambda: Client().ask(app)).browser
    again = run(lambda: Client(last_event_id=first.last_event_id).ask(app)).browser
    assert first.last_event_id
    assert again.names == ["outcome"]


def test_what_cannot_get_better_is_an_answer(real: Real, app: ASGIEvents) -> None:
    """The error as JSON, with its status."""
    client = run(lambda: Client("unknown").ask(app))
    assert (client.status, client.headers[b"content-type"], client.complete) == (404, b"application/json", True)
    assert json.loads(client.body)["reason"] == "chat_not_found"
    assert int(client.headers[b"content-length"]) == len(client.body)
    real.chats.close()
    assert run(lambda: Client().ask(app)).body == b"retry: 1000\n\n"


def test_a_client_that_goes_ends_its_stream_at_once(real: Real, app: ASGIEvents) -> None:
    """Its thread is free again, and the event loop was never held up."""
    create(real, build=600)

    async def act() -> int:
        client, ticks = Client(), 0
        asking = asyncio.ensure_future(client.ask(app))
        await seen(lambda: client.browser.names)
        while not asking.done():
            client.going.set()
            ticks += 1
            await asyncio.sleep(0.001)
        assert (client.browser.names, real.quiet) == (["phase"], True)
        return ticks

    assert run(act) > 0


def test_a_client_to_whom_nothing_can_be_sent(real: Real, app: ASGIEvents) -> None:
    """Its stream ends, too."""
    create(real, build=600)
    run(lambda: Client(broken=True).ask(app))
    assert real.quiet


def test_a_task_that_is_canceled_ends_its_stream(real: Real, app: ASGIEvents) -> None:
    """As a server does at its end."""
    create(real, build=600)

    async def act() -> None:
        client = Client()
        asking = asyncio.ensure_future(client.ask(app))
        await seen(lambda: client.browser.names)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await seen(lambda: real.quiet)

    run(act)


def test_a_slow_client_is_waited_for(real: Real, app: ASGIEvents) -> None:
    """One chunk after the other, and nothing piles up: all of it arrives in its order."""
    create(real, build=0.2, log=[f"line {number}" for number in range(20)])
    client = run(lambda: Client(slow=0.01).ask(app))
    assert [it["line"] for it in client.browser.of("line")] == [f"line {number}" for number in range(20)]


def test_no_more_threads_than_may_wait(real: Real, app: ASGIEvents) -> None:
    """Two may. The others are told how things stand at once, and come back; when one goes, another may wait."""
    create(real, build=600)

    async def act() -> None:
        waiting = [Client() for _ in range(2)]
        asking = [asyncio.ensure_future(it.ask(app)) for it in waiting]
        await seen(lambda: all(it.browser.names for it in waiting))
        others = await asyncio.gather(*(Client().ask(app) for _ in range(8)))
        assert all(it.complete and it.browser.names == ["phase"] for it in others)
        assert not any(it.done() for it in asking)
        waiting[0].going.set()
        await asking[0]
        third = Client()
        asking.append(asyncio.ensure_future(third.ask(app)))
        await seen(lambda: third.browser.names)
        await asyncio.sleep(0.05)
        assert not asking[2].done()
        real.chats.close()
        await asyncio.gather(*asking)

    run(act)
    assert len([it for it in threading.enumerate() if it.name.startswith("chatworkspace-web")]) <= 2 + 4


def test_close_ends_all_streams(real: Real, app: ASGIEvents) -> None:
    """They end in good order, and the browser comes back to another process."""
    create(real, build=600)

    async def act() -> list[Client]:
        clients = [Client() for _ in range(2)]
        asking = [asyncio.ensure_future(it.ask(app)) for it in clients]
        await seen(lambda: all(it.browser.names for it in clients))
        real.chats.close()
        return list(await asyncio.gather(*asking))

    assert all(it.complete and it.browser.retry == 1000 for it in run(act))


def test_whose_chat_it_is_may_be_said_by_the_host(real: Real) -> None:
    """Its own error is the answer."""

    def chat_of(scope: Message) -> str:
        if scope["path_params"]["chat_id"] != "mine":
            raise ChatNotFoundError("not yours")
        return CHAT

    app = ASGIEvents(real.chats, chat_of=chat_of)
    create(real)
    assert run(lambda: Client("other").ask(app)).status == 404
    assert run(lambda: Client("mine").ask(app)).browser.names == ["outcome"]
    app.close()


def test_an_error_is_an_answer() -> None:
    """For a view that raises: as JSON, with its status, and when to come again; what is no error of the library stays one."""
    client, error = Client(), UnavailableError("the store is away", reason=Reason.STORE_UNAVAILABLE, retry_after=3)

    async def act() -> None:
        answer = await error_response(None, error)
        await answer(client.scope, client.receive, client.send)
        with pytest.raises(KeyError):
            await error_response(None, KeyError("x"))

    run(act)
    assert (client.status, client.headers[b"retry-after"], client.complete) == (503, b"3", True)
    assert json.loads(client.body) == error.as_dict()


def test_what_is_no_request(app: ASGIEvents) -> None:
    """A server that asks whether there is a lifespan is told that there is none."""
    client = Client()
    with pytest.raises(ValueError, match="scope"):
        asyncio.run(app({"type": "lifespan"}, client.receive, client.send))
