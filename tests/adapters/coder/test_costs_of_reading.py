"""What it costs a Coder server that templates are listed and read, counted at the server."""

from __future__ import annotations

import pytest

from chatworkspace.ports import Parameter
from tests.adapters.coder.server import soon
from tests.adapters.coder.test_costs import world
from tests.ways import levels

LISTING = ["GET /organizations/*/templates", "GET /users/*", "GET /workspaces"]
"""What a list asks whose versions are all known: the templates, once both for what they are and for how they are used; the owner's name; and the
owner's workspaces."""


@pytest.mark.parametrize("level", levels())
def test_a_list_of_templates_for_a_model(level: str) -> None:
    """Three requests where the versions are known."""
    with world(level) as it:
        docker = it.template(build=0.1)
        it.create("a", docker)
        tools = it.service.toolbox("a")
        for _ in range(2):
            assert it.asked(lambda: tools.call("list_templates", {})) == LISTING


@pytest.mark.parametrize("level", levels())
def test_a_list_of_300_templates_is_six_requests(level: str) -> None:
    """One search tells which of them have external agents; of a page the READMEs are read by and by, and then three requests are left."""
    with world(level) as it:
        for number in range(300):
            it.template(f"t{number:03}", readme=f"# Number {number}", external_agent=number % 3 == 0)
        it.service.open_chat("a", **it._of)
        tools = it.service.toolbox("a")
        first = it.asked(lambda: tools.call("list_templates", {}))
        assert len(first) <= 6
        assert first.count("GET /organizations/*/templates") == 2
        said = tools.call("list_templates", {"page": 2}).content["templates"]
        marked = [entry["name"] for entry in said if entry.get("external_agent")]
        assert marked == ([] if level in {"2.20", "2.24"} else ["t012", "t015", "t018"])
        later = [it.asked(lambda: tools.call("list_templates", {})) for _ in range(10)]
        assert all(len(asked) <= 5 for asked in later)
        assert later[-1] == LISTING
        shown = tools.call("list_templates", {}).content
        assert [entry["readme_excerpt"] for entry in shown["templates"]] == [f"# Number {number}" for number in range(10)]
        assert "left_out" not in shown


@pytest.mark.parametrize("level", levels())
def test_a_template_is_read_with_four_requests(level: str) -> None:
    """And two where its version is known: what was recorded at import is asked only of servers that do not evaluate."""
    with world(level) as it:
        docker = it.template(parameters=(Parameter(name="cpu", default="2"),))
        it.service.open_chat("a", **it._of)
        tools = it.service.toolbox("a")
        listed = it.asked(lambda: tools.call("list_templates", {}))
        assert len(listed) <= 6

        def read() -> list[str]:
            return it.asked(lambda: tools.call("read_template", {"template_id": str(docker.id)}))

        assert len(read()) <= 4
        assert len(read()) <= 2
        it.simulator.coder.update_template("docker", readme="another version")
        assert len(read()) <= 4


def test_a_list_is_good_for_one_look_at_its_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same owner, and for a moment: afterwards it is read anew."""
    with world() as it:
        it.template()
        owner, home = it._of["owner_id"], it._of["organization_id"]

        def use() -> list[str]:
            return it.asked(lambda: it.client.template_use(owner, home, deadline=soon()))[:1]

        it.client.list_templates(owner, home, deadline=soon())
        assert [use(), use()] == [["GET /users/*"], ["GET /organizations/*/templates"]]
        it.client.list_templates(owner, home, deadline=soon())
        monkeypatch.setattr("chatworkspace_coder._templates.JUST_NOW", 0.0)
        assert use() == ["GET /organizations/*/templates"]
