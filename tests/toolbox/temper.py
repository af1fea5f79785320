"""Kitchens with one template, of this or that temper."""

from __future__ import annotations

from typing import Any

from chatworkspace_fake import FakeWorkspace
from tests.toolbox.kitchen import Kitchen


def kitchen_with(**temper: Any) -> Kitchen:
    """Return a kitchen with one template, docker."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", **temper)
    return kitchen


def having(**temper: Any) -> Kitchen:
    """Return a kitchen whose chat has a workspace already."""
    kitchen = kitchen_with(**temper)
    kitchen.create()
    return kitchen


def workspace_of(kitchen: Kitchen) -> FakeWorkspace:
    return kitchen.coder.workspaces[0]


def build_of(kitchen: Kitchen) -> str:
    return str(workspace_of(kitchen).now.build.id)
