"""Draws the pictures of the documentation anew: `python -m tests.pictures`. It names the commands for those of a browser."""

from __future__ import annotations

from tests.docs.pages import ROOT
from tests.pictures import call, demo, layers

FOLDER = ROOT / "docs" / "pictures"
BY_BROWSER = ("python -m tests.web.picture docs/pictures/flask_app.png", "python -m tests.adapters.over_http.picture docs/pictures/simulator.png")

if __name__ == "__main__":
    for name, draw in {"packages": layers.packages, "core": layers.core, "call": call.way, "demo": demo.recording}.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8")
    print("In a browser:", *BY_BROWSER, sep="\n")  # noqa: T201 # it is a command
