"""Dry runs of versions, for which the server's own command-line client asks before it makes or starts anything: over at once, and nothing found."""

from __future__ import annotations

from contextlib import suppress

from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.shapes.basics import derived
from chatworkspace_simulator._api.shapes.templates import job_of_version
from chatworkspace_simulator._api.workspaces import parameters_of
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.connections import Connection
from chatworkspace_simulator._http.ears import hearing
from chatworkspace_simulator._http.messages import GoneError, Reply, Request, missing, told
from chatworkspace_simulator._http.streams import Answer
from chatworkspace_simulator._http.websocket import WebSocket, upgrade

_RUN = "dry run"


def begin(world: World, request: Request) -> Reply:
    """Begin one: it is over already."""
    parameters_of(request.json())
    template, blueprint = world.seen_version(request.user, request.id("version"))
    return told(job_of_version(template, blueprint.version_id, _RUN, "template_version_dry_run"), status=201)


def job(world: World, request: Request) -> Reply:
    """Return how it is."""
    template, blueprint = world.seen_version(request.user, request.id("version"))
    if request.arguments["job"] != derived(blueprint.version_id, _RUN):
        raise missing()
    return told(job_of_version(template, blueprint.version_id, _RUN, "template_version_dry_run"))


def resources(world: World, request: Request) -> Reply:
    """Return what would be made: nothing that is known."""
    job(world, request)
    return told([])


def provisioners(world: World, request: Request) -> Reply:
    """Count those that could run it."""
    job(world, request)
    return told({"count": 1, "available": 1, "most_recently_seen": None})


def logs(world: World, request: Request) -> Answer:
    """Return its log, or follow it over a WebSocket: it says nothing."""
    job(world, request)

    def talk(connection: Connection) -> None:
        socket = WebSocket(connection)
        with hearing(socket, connection, world.clock), suppress(GoneError):
            socket.close()

    return upgrade(request, talk) if "follow" in request.query else told([])


_PATH = "/templateversions/{version}/dry-run"
ROUTES = [
    Route(method="POST", path=_PATH, handler=begin),
    Route(method="GET", path=_PATH + "/{job}", handler=job),
    Route(method="GET", path=_PATH + "/{job}/resources", handler=resources),
    Route(method="GET", path=_PATH + "/{job}/matched-provisioners", handler=provisioners),
    Route(method="GET", path=_PATH + "/{job}/logs", handler=logs),
]
