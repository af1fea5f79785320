"""A creation with a preset, and what its refusal comes to."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from chatworkspace import RefusedError
from chatworkspace.ports import CreateWorkspace, NotAnsweredError
from chatworkspace_coder import CoderClient
from tests.adapters.coder.payloads import (
    NEXT_VERSION,
    NOT_FOUND,
    ORGANIZATION,
    OTHER,
    OWNER,
    PRESET,
    TEMPLATE,
    VERSION,
    WORKSPACE,
    problem,
    template,
    workspace,
)
from tests.adapters.coder.server import Reply, Server, soon

IT = UUID(WORKSPACE)
REQUEST = CreateWorkspace(owner_id=UUID(OWNER), organization_id=UUID(ORGANIZATION), name="dev-ana", template_id=UUID(TEMPLATE))
CREATE = f"/users/{OWNER}/workspaces"


def with_presets(server: Server, version_id: str, *ids: str) -> None:
    """Let a version be the active one, with these presets, and let creations be answered."""
    told = [{"ID": it, "Name": "Small", "Parameters": [{"Name": "cpu", "Value": "2"}]} for it in ids]
    server.on("GET", f"/templates/{TEMPLATE}", Reply(200, template(active_version_id=version_id)))
    server.on("GET", f"/templateversions/{version_id}/presets", Reply(200, told or None))
    server.on("POST", CREATE, Reply(201, workspace()))


def test_a_preset_is_sent_with_its_own_answers(server: Server, client: CoderClient) -> None:
    """Servers before 2.22 ignore the preset itself. Template and presets are read once."""
    with_presets(server, VERSION, PRESET)
    for _ in range(2):
        client.create_workspace(attrs.evolve(REQUEST, preset_id=UUID(PRESET), parameters={"cpu": "4", "disk": "9"}), deadline=soon())
        values = [{"name": "cpu", "value": "2"}, {"name": "disk", "value": "9"}]
        assert server.seen[-1].body["rich_parameter_values"] == values
        assert server.seen[-1].body["template_version_preset_id"] == PRESET
    assert len(server.seen) == 4


def test_a_preset_of_a_version_that_has_become_active(server: Server, client: CoderClient) -> None:
    """It is looked for once more, as the template is now."""
    with_presets(server, VERSION)
    with pytest.raises(RefusedError):
        client.create_workspace(attrs.evolve(REQUEST, preset_id=UUID(PRESET)), deadline=soon())
    with_presets(server, NEXT_VERSION, PRESET)
    assert client.create_workspace(attrs.evolve(REQUEST, preset_id=UUID(PRESET)), deadline=soon()).id == IT


def test_a_preset_that_is_not_the_templates_is_sent_to_nobody(server: Server, client: CoderClient) -> None:
    """Servers take another template's, and say of one that never was what their database says. preset_id is named."""
    with_presets(server, VERSION, OTHER)
    with pytest.raises(RefusedError) as refused:
        client.create_workspace(attrs.evolve(REQUEST, preset_id=UUID(PRESET)), deadline=soon())
    assert [field for field, _ in refused.value.validations] == ["preset_id"]
    assert not any(path.startswith("POST") for path in server.paths)


def test_a_preset_of_a_template_that_is_not_there(server: Server, client: CoderClient) -> None:
    """The server says what is wrong with the template."""
    server.on("GET", f"/templates/{TEMPLATE}", Reply(404, NOT_FOUND))
    server.on("POST", CREATE, Reply(400, problem("Template doesn't exist.", template_id="template not found")))
    with pytest.raises(RefusedError, match="Template"):
        client.create_workspace(attrs.evolve(REQUEST, preset_id=UUID(PRESET)), deadline=soon())


def test_a_refusal_in_words_names_its_parameter(server: Server, client: CoderClient) -> None:
    """As one by fields does, so that both lead to the same."""
    said = problem('Unable to validate parameter "region"', 'can\'t validate build parameter "Region": no such option "mars"')
    server.on("POST", CREATE, Reply(400, said))
    with pytest.raises(RefusedError) as refused:
        client.create_workspace(REQUEST, deadline=soon())
    assert refused.value.validations == (("region", said["detail"]),)
    assert (refused.value.message, refused.value.detail) == (said["message"], "")


@pytest.mark.parametrize(
    "detail",
    [
        "failed to get preset parameters: sql: no rows in result set",
        'insert workspace: pq: duplicate key value violates unique constraint "workspaces_owner_id_lower_idx"',
        "ERROR: deadlock detected (SQLSTATE 40P01)",
    ],
)
def test_what_a_database_says_is_told_to_nobody(server: Server, client: CoderClient, detail: str) -> None:
    """What the server says before it is."""
    server.on("POST", CREATE, Reply(500, problem("Internal error creating workspace.", detail)))
    with pytest.raises(NotAnsweredError) as failed:
        client.create_workspace(REQUEST, deadline=soon())
    told = str(failed.value)
    assert "Internal error creating workspace." in told
    assert told.endswith("the server's database failed")
    assert not any(word in told for word in ("sql", "pq:", "constraint", "SQLSTATE"))
