"""The page for people: what there is and what happens, live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatworkspace_simulator._api.shapes.builds import status_of
from chatworkspace_simulator._http.messages import HTML, Reply, dumped, told

if TYPE_CHECKING:
    from chatworkspace_fake._platform.workspaces import FakeWorkspace
    from chatworkspace_simulator._api.world import World
    from chatworkspace_simulator._http.server import Seen

STATE = "/simulator/state"
LATEST = 40
"""Requests that are shown."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Coder simulator</title>
<style>
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
p { margin: .2rem 0; opacity: .75; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #8884; }
th { font-weight: 600; opacity: .75; } td { font-variant-numeric: tabular-nums; }
#requests td { white-space: nowrap; } #requests td:nth-child(3) { white-space: normal; overflow-wrap: anywhere; }
.running, .ready, .connected, .succeeded, .ok { color: #1a8f3c; } .failed, .timeout, .disconnected, .start_error, .bad { color: #c62f2f; }
.pending, .starting, .stopping, .deleting, .connecting, .created { color: #a96800; } .stopped, .deleted, .canceled { opacity: .55; }
</style>
</head>
<body>
<h1>Coder simulator</h1>
<p id="about"></p>
<h2>Templates</h2><table><thead><tr><th>name<th>version<th>workspaces</tr></thead><tbody id="templates"></tbody></table>
<h2>Workspaces</h2><table><thead><tr><th>name<th>owner<th>template<th>build<th>status<th>agents</tr></thead><tbody id="workspaces"></tbody></table>
<h2>Requests</h2><table><thead><tr><th>at<th>method<th>path<th>status</tr></thead><tbody id="requests"></tbody></table>
<script>
const cell = (text, kind) => {
  const it = document.createElement("td");
  it.textContent = text;
  if (kind) it.className = kind;
  return it;
};
const fill = (id, rows) => document.getElementById(id).replaceChildren(...rows.map((cells) => {
  const row = document.createElement("tr");
  row.append(...cells.map(([text, kind]) => cell(text, kind)));
  return row;
}));
const look = async () => {
  try {
    const state = await (await fetch("/simulator/state")).json();
    document.getElementById("about").textContent =
      `${state.version}, ${state.open_watches} watches open, ${state.requests_so_far} requests so far`;
    fill("templates", state.templates.map((it) => [[it.name], [it.version], [it.workspaces]]));
    fill("workspaces", state.workspaces.map((it) => [
      [it.name], [it.owner], [it.template], [`${it.build} ${it.transition}`], [it.status, it.status], [it.agents.join(", "), it.agents_are],
    ]));
    fill("requests", state.requests.map((it) => [
      [it.at], [it.method], [it.path], [it.status || "not answered", it.status && it.status < 400 ? "ok" : "bad"],
    ]));
  } catch {
    document.getElementById("about").textContent = "The simulator has ended.";
  }
  setTimeout(look, 500);
};
look();
</script>
</body>
</html>
"""


def page(world: World, method: str, target: str, seen: Sequence[Seen]) -> Reply | None:
    """Return the page that is asked for; None: it is for the API."""
    path = target.partition("?")[0]
    if path.startswith("/api/"):
        return None
    if (method, path) == ("GET", "/"):
        return Reply(body=_PAGE.encode(), content_type=HTML)
    if (method, path) == ("GET", STATE):
        return told(_state(world, seen))
    return Reply(status=404, body=dumped({"message": "Not a page of the simulator."}))


def _state(world: World, seen: Sequence[Seen]) -> dict[str, Any]:
    world.platform.catch_up()
    workspaces = world.coder.workspaces
    latest = seen[-LATEST:]
    began = seen[0].at if latest else 0.0
    return {
        "version": world.level.version,
        "open_watches": world.coder.open_watches,
        "requests_so_far": len(seen),
        "templates": [
            {"name": it.name, "version": it.version_id.hex[:8], "workspaces": sum(workspace.template.id == it.id for workspace in workspaces)}
            for it in world.templates()
        ],
        "workspaces": [_row(world, it) for it in reversed(workspaces)],
        "requests": [{"at": f"{it.at - began:.1f} s", "method": it.method, "path": it.path, "status": it.status} for it in reversed(latest)],
    }


def _row(world: World, it: FakeWorkspace) -> dict[str, Any]:
    told_as = it.told()
    connected = [agent.lifecycle.value if agent.status.value == "connected" else agent.status.value for agent in told_as.agents]
    return {
        "name": it.name,
        "owner": world.owner(it).name,
        "template": it.template.name,
        "build": told_as.build.number,
        "transition": told_as.build.transition.value,
        "status": status_of(told_as.build),
        "agents": [f"{agent.name} {agent.status.value}, {agent.lifecycle.value}" for agent in told_as.agents],
        "agents_are": connected[0] if connected else "",
    }
