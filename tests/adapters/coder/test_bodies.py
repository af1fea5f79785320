"""Values become the bodies that Coder reads: a misspelt field is no error there, and has no effect."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from chatworkspace import Transition
from chatworkspace.ports import CreateWorkspace
from chatworkspace_coder import _bodies
from chatworkspace_coder._answers import workspaces
from tests.adapters.coder.payloads import NEXT_VERSION, ORGANIZATION, OWNER, PRESET, TEMPLATE, workspace

REQUEST = CreateWorkspace(owner_id=UUID(OWNER), organization_id=UUID(ORGANIZATION), name="dev", template_id=UUID(TEMPLATE))


def test_a_creation() -> None:
    """The active version of a template is asked for by the template; nothing is sent that was not given."""
    assert _bodies.creation(REQUEST, {}) == {"name": "dev", "template_id": TEMPLATE, "rich_parameter_values": []}


def test_a_creation_with_everything() -> None:
    """Parameters, preset, lifetime; the preset's own answers are sent along, and win."""
    body = _bodies.creation(attrs.evolve(REQUEST, parameters={"cpu": "4", "disk": "9"}, preset_id=UUID(PRESET), ttl=3600), {"cpu": "2"})
    assert body["rich_parameter_values"] == [{"name": "cpu", "value": "2"}, {"name": "disk", "value": "9"}]
    assert (body["template_version_preset_id"], body["ttl_ms"]) == (PRESET, 3_600_000)


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 1), (1, 1), (60, 1), (60.5, 2), (90, 2), (3600, 60), (10**9, 43_200), (float("inf"), 43_200)])
def test_a_lifetime_is_whole_minutes(seconds: float, minutes: int) -> None:
    """Not shorter than asked for, and within 1 minute and 30 days."""
    assert _bodies.ttl_ms(seconds) == minutes * 60_000


def test_a_start() -> None:
    """The version that is required, and no preset of a build before."""
    plain = _bodies.start(workspaces.workspace(workspace(), None), {"cpu": "4"})
    assert plain == {"transition": "start", "rich_parameter_values": [{"name": "cpu", "value": "4"}], "template_version_preset_id": None}
    required = _bodies.start(workspaces.workspace(workspace(template_require_active_version=True), None), {})
    assert required["template_version_id"] == NEXT_VERSION
    always = _bodies.start(workspaces.workspace(workspace(automatic_updates="always"), None), {})
    assert always["template_version_id"] == NEXT_VERSION


def test_a_stop_and_a_deletion() -> None:
    """Nothing but the transition: `orphan` and `reason` have no place in it."""
    assert _bodies.build(Transition.STOP) == {"transition": "stop"}
    assert _bodies.build(Transition.DELETE) == {"transition": "delete"}
