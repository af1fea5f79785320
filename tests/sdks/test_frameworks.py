"""The pages for web frameworks run as written, under real servers, over a simulated Coder: Django over a real PostgreSQL as well."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from importlib import import_module
from socketserver import ThreadingMixIn
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import chatworkspace_web
from chatworkspace import ChatWorkspaces, InvalidArgumentError
from chatworkspace_coder import CoderClient, User
from chatworkspace_fake import MemoryStore
from chatworkspace_postgres import upgrade
from chatworkspace_simulator import CoderSimulator
from tests.adapters.postgres.server import Database, granted
from tests.docs.pages import blocks
from tests.hanging import PATIENCE, until
from tests.sockets import free_port

pytestmark = pytest.mark.sdks


def _nothing(_: object) -> None:
    pass


def _account(user: User, _: object = None) -> SimpleNamespace:
    return SimpleNamespace(user_id=user.id, organization_id=user.organization_ids[0])


class Simulated(NamedTuple):
    """A server, and the ids of its templates."""

    server: CoderSimulator
    docker: str
    slow: str

    def client(self) -> CoderClient:
        """Return one more."""
        return CoderClient(self.server.url, token=self.server.token)


@contextmanager
def simulating() -> Generator[Simulated, None, None]:
    """Run one."""
    with CoderSimulator(requests_per_minute=None, first_dials="quick") as server:
        docker = server.coder.add_template("docker", build=0.3, log=("one", "two"))
        yield Simulated(server, str(docker.id), str(server.coder.add_template("slow", build=600).id))


@pytest.fixture
def simulator() -> Iterator[Simulated]:
    with simulating() as it:
        yield it


class Site:
    """What a browser does."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        """Return status, headers and body."""
        line = self.begin(method, path, form)
        answer = line.getresponse()
        told = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        line.close()
        return told

    def begin(self, method: str, path: str, form: dict[str, str] | None = None) -> HTTPConnection:
        """Ask, and do not wait for the answer."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        line.request(method, path, urlencode(form or {}), {"Content-Type": "application/x-www-form-urlencoded"})
        return line

    def events(self, chat_id: str) -> list[str]:
        """Return the names of the events of a whole stream."""
        code, headers, text = self.ask("GET", f"/chats/{chat_id}/events")
        assert (code, headers["content-type"]) == (200, "text/event-stream")
        return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]


def run(page: str, module: ModuleType) -> None:
    """Run the page's blocks, one after the other, as a module."""
    sys.modules[module.__name__] = module
    for block in blocks(f"docs/how-to/{page}", "python"):
        exec(compile(block, page, "exec"), module.__dict__)  # noqa: S102 # our own page


# ------------------------------------------------------------------ FastAPI


@contextmanager
def asgi(app: Any) -> Generator[Site, None, None]:
    """Serve it by uvicorn, in a thread."""
    uvicorn: Any = import_module("uvicorn")
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    try:
        yield Site(port)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def fastapi(simulator: Simulated, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Run the page."""
    monkeypatch.setattr(chatworkspace_web, "close_at_signal", _nothing)  # which is for the main thread, where tests run
    coder = simulator.client()
    workspaces = ChatWorkspaces(store=MemoryStore(), creator=coder, dialer=coder)
    module = ModuleType("fastapi_page")
    user = SimpleNamespace(id=coder.user().id, organization_id=coder.user().organization_ids[0])
    module.__dict__.update(workspaces=workspaces, User=Any, current_user=lambda: user)
    run("fastapi.md", module)
    with asgi(module.__dict__["app"]) as site:
        yield SimpleNamespace(site=site, workspaces=workspaces, coder=simulator.server.coder, docker=simulator.docker, slow=simulator.slow)
    coder.close()


def test_fastapi_gives_a_chat_its_workspace(fastapi: SimpleNamespace) -> None:
    """It is asked for and waited for, and followed by a stream; an error is an answer with its status."""
    code, _, text = fastapi.site.ask("POST", f"/chats/a/workspace?template_id={fastapi.docker}")
    assert (code, json.loads(text)["state"]) == (200, "ready")
    assert fastapi.site.events("a")[-1] == "outcome"
    code, _, text = fastapi.site.ask("POST", f"/chats/b/workspace?template_id={UUID(int=404)}")
    assert (code, json.loads(text)["reason"]) == (404, "template_not_found")
    assert fastapi.site.ask("GET", "/chats/unknown/events")[0] == 404
    assert len(fastapi.coder.workspaces) == 1


def test_fastapi_ends_the_wait_of_a_client_that_goes(fastapi: SimpleNamespace) -> None:
    """Its thread is free, and what was asked for goes on."""
    calls = fastapi.workspaces._parts.calls
    line = fastapi.site.begin("POST", f"/chats/a/workspace?template_id={fastapi.slow}")
    until(lambda: len(calls) == 1 and fastapi.coder.workspaces)
    line.close()
    until(lambda: len(calls) == 0)
    assert len(fastapi.coder.workspaces) == 1


# ------------------------------------------------------------------ Flask


@pytest.fixture
def flask(simulator: Simulated) -> Iterator[SimpleNamespace]:
    """Run the page."""
    with simulator.client() as coder, ChatWorkspaces(store=MemoryStore(), creator=coder, dialer=coder) as workspaces:
        module, user = ModuleType("flask_page"), coder.user()
        module.__dict__["workspaces"] = workspaces
        module.__dict__["account"] = partial(_account, user)
        run("flask.md", module)
        with wsgi(module.__dict__["app"]) as site:
            yield SimpleNamespace(site=site, coder=simulator.server.coder, docker=simulator.docker)


# ------------------------------------------------------------------ Django


class Threading(ThreadingMixIn, WSGIServer):
    """A thread for each connection."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
        """Say nothing."""


@contextmanager
def wsgi(app: Any) -> Generator[Site, None, None]:
    """Serve it, a thread for each connection."""
    server = make_server("127.0.0.1", 0, app, Threading, Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Site(server.server_port)
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()


@pytest.fixture(scope="module")
def database(postgres: Database) -> Iterator[Database]:
    """Give one of its own, with the store's tables: Django is set up once in a process."""
    fresh = Database(postgres.owner, postgres.server)
    upgrade(lambda: psycopg.connect(fresh.owner))
    fresh.execute(granted("chatworkspace"))
    yield fresh
    fresh.drop()


@pytest.fixture(scope="module")
def django(database: Database) -> Iterator[SimpleNamespace]:
    """Set Django up, and run the page."""
    settings: Any = import_module("django.conf").settings
    given = {"USER": "user", "HOST": "host", "PORT": "port", "NAME": "dbname"}
    dsn = conninfo_to_dict(database.app)
    with simulating() as simulator:
        settings.configure(
            ALLOWED_HOSTS=["127.0.0.1"],
            CODER_SESSION_TOKEN=simulator.server.token,
            CODER_URL=simulator.server.url,
            DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **{name: str(dsn.get(key, "")) for name, key in given.items()}}},
            LOGGING_CONFIG=None,
            MIDDLEWARE=["django_page.ChatErrors"],
            ROOT_URLCONF="django_page",
            SECRET_KEY="of a test",  # noqa: S106 # it keeps nothing
        )
        import_module("django").setup()
        module = ModuleType("django_page")
        user = simulator.client().user()
        module.__dict__["account"] = partial(_account, user)
        run("django.md", module)
        urls: Any = import_module("django.urls")
        module.__dict__["urlpatterns"] = [
            urls.path("chats/<chat_id>/workspace", module.__dict__["ask"]),
            urls.path("chats/<chat_id>/events", module.__dict__["events"]),
        ]
        with wsgi(import_module("django.core.wsgi").get_wsgi_application()) as site:
            yield SimpleNamespace(site=site, workspaces=module.__dict__["workspaces"], coder=simulator.server.coder, docker=simulator.docker)
        module.__dict__["workspaces"].close()
        module.__dict__["coder"].close()


@pytest.mark.parametrize("framework", ["flask", "django"])
def test_it_gives_a_chat_its_workspace(request: pytest.FixtureRequest, framework: str) -> None:
    """It is asked for and waited for, and followed by a stream; an error is an answer with its status."""
    here: SimpleNamespace = request.getfixturevalue(framework)
    code, _, text = here.site.ask("POST", "/chats/a/workspace", {"template_id": here.docker})
    assert (code, json.loads(text)["state"]) == (200, "ready")
    assert here.site.events("a")[-1] == "outcome"
    code, _, text = here.site.ask("POST", "/chats/b/workspace", {"template_id": str(UUID(int=404))})
    assert (code, json.loads(text)["reason"]) == (404, "template_not_found")
    assert here.site.ask("GET", "/chats/unknown/events")[0] == 404
    assert len(here.coder.workspaces) == 1


def test_django_needs_no_connection_beside_its_own(django: SimpleNamespace, database: Database) -> None:
    """In a thread in which Django has one there is one, and the store's calls leave it idle; once Django drops it there is none."""
    connection: Any = import_module("django.db").connection

    def connections() -> int:
        return int(database.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'chats_app'")[0][0])

    until(lambda: connections() == 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    django.workspaces.chats()
    assert connections() == 1
    connection.close()
    until(lambda: connections() == 0)


def test_django_is_not_asked_within_a_transaction(django: SimpleNamespace) -> None:
    """Also before anything was done in it."""
    db: Any = import_module("django.db")
    with pytest.raises(InvalidArgumentError, match=r"outside of atomic\(\)"), db.transaction.atomic():
        django.workspaces.chats()
    db.connection.close()
