"""list_templates: which templates are shown, in which order, and when one is recommended."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid5

import pytest

from chatworkspace import Chat, Template
from chatworkspace._domain.ranking import Verdict, affinity, match_tier, rank
from chatworkspace.ports import TemplateUse
from tests.toolbox.kitchen import Kitchen

NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)
ANYWHERE = UUID(int=7)


def template(name: str, **more: Any) -> Template:
    return Template(id=uuid5(ANYWHERE, name), organization_id=ANYWHERE, name=name, version_id=UUID(int=1), **more)


def verdict(uses: dict[str, TemplateUse] | None, *names: str, query: str = "") -> Verdict:
    """Return the verdict over templates of these names, of which some were used."""
    templates = [template(name) for name in names]
    by_id = None if uses is None else {uuid5(ANYWHERE, name): use for name, use in uses.items()}
    return rank(templates, by_id, query=query, now=NOW).verdict


def used(active: int = 0, *, deleted: int = 0, days: float = 0, developers: int = 0) -> TemplateUse:
    return TemplateUse(active=active, deleted=deleted, last_used_at=NOW - timedelta(days=days), developers=developers)


def by_others(developers: int) -> TemplateUse:
    return TemplateUse(developers=developers)


# ------------------------------------------------------------------ what is shown


def test_l01_only_templates_that_the_chat_may_use() -> None:
    """Of its organization, for chats, not deprecated, and let through by the allow-list; one with an external agent is shown, and refused later."""
    allowed = set[UUID]()

    def allow(chat: Chat) -> set[UUID]:
        assert chat.id == "chat-1"
        return allowed

    kitchen = Kitchen(allowed_templates=allow)
    add = kitchen.coder.add_template
    allowed |= {add(name).id for name in ("docker", "vm")} | {add("laptop", external_agent=True).id}
    allowed |= {add("theirs", organization_id=ANYWHERE).id, add("not-for-chats", agents_allowed=False).id, add("old", deprecated=True).id}
    add("not-allowed")
    assert sorted(kitchen.listed()) == ["docker", "laptop", "vm"]


def test_l02_ten_a_page() -> None:
    """next_page stands only where there is more; below 1 is the first page, beyond the last there is nothing, and that is said."""
    kitchen = Kitchen()
    for number in range(21):
        kitchen.coder.add_template(f"template-{number:02}")
    pages = [kitchen.call("list_templates", page=page) for page in (1, 2, 3, 4, 0, -5)]
    assert [len(said["templates"]) for said in pages] == [10, 10, 1, 0, 10, 10]
    assert [said["page"] for said in pages] == [1, 2, 3, 4, 1, 1]
    assert [said.get("next_page") for said in pages] == [2, 3, None, None, 2, 2]
    assert pages[3]["next_step"] == "There is no such page: the last is 3. Call list_templates with a page up to that."
    assert [said["advice"] for said in pages] == ["ask_user"] * 3 + ["list_templates"] + ["ask_user"] * 2
    assert Kitchen().call("list_templates", page=2)["next_step"].startswith("There is no such page: the last is 1.")
    assert [item["name"] for said in pages[:3] for item in said["templates"]] == [f"template-{number:02}" for number in range(21)]


def test_l03_an_item_holds_what_says_something() -> None:
    """A bare template has its id and name; a full one all of it, the description cut to 200 characters, which say how many it has."""
    kitchen = Kitchen()
    bare = kitchen.coder.add_template("bare")
    kitchen.coder.add_template("full", display_name="Full", description="d" * 300, readme="# Hello", connect=1)
    kitchen.create("full")
    kitchen.sim.sleep(86400)
    items = {item["name"]: item for item in kitchen.call("list_templates")["templates"]}
    assert items["bare"] == {"id": str(bare.id), "name": "bare"}
    full = items["full"]
    assert (full["display_name"], full["readme_excerpt"], full["active_developers"], full["your_workspace_count"]) == ("Full", "# Hello", 1, 1)
    assert full["description"] == "d" * 177 + "… [300 characters, cut]"
    assert datetime.fromisoformat(full["last_used_by_you"]) == kitchen.sim.now() - timedelta(seconds=86401)


def test_l04_the_excerpt_is_markdown() -> None:
    """As it is, code above all, without front matter, comments and pictures; at most 1,000 characters, and it says when it was cut."""
    kitchen = Kitchen()
    readme = (
        "---\ntitle: x\n---\n# Title\n\n<!-- hidden -->A **bold** `<word>`, a [link](http://x) ![and](y.png)\n\n```sh\n# ls\n```\n" + "more " * 400
    )
    kitchen.coder.add_template("docker", readme=readme)
    (item,) = kitchen.call("list_templates")["templates"]
    assert item["readme_excerpt"].startswith("# Title\n\nA **bold** `<word>`, a [link](http://x) \n\n```sh\n# ls\n```\nmore")
    assert len(item["readme_excerpt"]) <= 1000
    assert item["readme_excerpt"].endswith(" characters, cut]")


@pytest.mark.parametrize("letter", ["x", "漢", "\U0001f600", '"'])
def test_l04_a_page_has_a_budget(letter: str) -> None:
    """Ten templates with long READMEs: the last lose their excerpts first, and all that is needed to choose stays."""
    kitchen = Kitchen()
    for number in range(10):
        kitchen.coder.add_template(f"t{number}", readme=letter * 5000, description=letter * 500, display_name=letter * 300)
    result = kitchen.result("list_templates")
    assert len(result.text.encode()) <= 16_384
    assert [it["name"] for it in result.content["templates"]] == [f"t{number}" for number in range(10)]
    excerpts = ["readme_excerpt" in it for it in result.content["templates"]]
    assert excerpts == sorted(excerpts, reverse=True)
    missing = f"the READMEs of the last {10 - sum(excerpts)}"
    assert result.content.get("left_out") == ([missing] if not all(excerpts) else None)
    assert result.content["next_step"]


def test_l04_readmes_that_were_not_read() -> None:
    """The list is told without them, and says how many they are; one that was read and has no words is not among them."""
    kitchen = Kitchen()
    for name in ("a", "b", "c"):
        kitchen.coder.add_template(name, readme="# Words" * (name != "a"))
    assert "left_out" not in kitchen.call("list_templates")
    kitchen.coder.when("describe_templates").fail()
    said = kitchen.call("list_templates")
    assert [entry.get("readme_excerpt") for entry in said["templates"]] == [None] * 3
    assert said["left_out"] == ["the READMEs of 3 that were not read yet: read_template tells them"]


# ------------------------------------------------------------------ the query


@pytest.mark.parametrize(
    ("query", "tier"),
    [
        ("python box", 4),
        ("pythonbox", 4),
        ("Python_Box", 4),
        ("py", 3),
        ("the snake", 4),
        ("thesn", 3),
        ("box", 2),
        ("on-b", 2),
        ("snake", 2),
        ("notebook", 1),
        ("note book", 1),
        ("box python", 2),
        ("snake the", 2),
        ("server notebook", 1),
        ("snake_notebook box", 1),
        ("box ruby", 0),
        ("box snake", 1),
        ("ruby", 0),
        ("-", 0),
        (" _- ", 0),
    ],
)
def test_l05_l06_tiers_of_a_query(query: str, tier: int) -> None:
    """Equal, prefix, contained, with the description; compared as written and without blanks, hyphens and underscores, and word by word."""
    it = template("python-box", display_name="The Snake", description="A Notebook server")
    assert match_tier(it, query.strip().lower()) == tier


def test_l05_what_does_not_match_is_left_out() -> None:
    """And a better tier comes before a better affinity."""
    kitchen = Kitchen()
    for name in ("box-of-wonders", "pandoras-box", "docker"):
        kitchen.coder.add_template(name)
    kitchen.create("pandoras-box")
    assert kitchen.listed("  BOX ") == ["box-of-wonders", "pandoras-box"]


def test_l06_a_query_of_nothing_but_hyphens_matches_nothing() -> None:
    """It is not the same as no query."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker")
    assert kitchen.listed("-") == []
    assert kitchen.listed("  ") == ["docker"]


# ------------------------------------------------------------------ affinity and order


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (TemplateUse(), 0.0),
        (used(1), 10.0),
        (used(3, deleted=2), 40.0),
        (used(1, days=14), 5.0),
        (used(2, days=28), 5.0),
        (used(1, days=-3), 10.0),
        (by_others(2), math.log(3)),
        (used(1, days=14, developers=1), 5.0 + math.log(2)),
        (TemplateUse(active=5, deleted=5, developers=1), math.log(2)),
    ],
)
def test_l07_affinity(use: TemplateUse, expected: float) -> None:
    """One's own use weighs 10 and halves in 14 days, deleted workspaces count half, others' use only by its logarithm."""
    assert affinity(use, NOW) == pytest.approx(expected)


def test_l08_order() -> None:
    """Tier, affinity, name, id: each decides only where those before it are equal."""
    templates = [template("b"), template("a"), template("c"), template("used")]
    ranking = rank(templates, {templates[3].id: used(1)}, query="", now=NOW)
    assert [it.template.name for it in ranking.ranked] == ["used", "a", "b", "c"]
    twins = [Template(id=UUID(int=number), organization_id=ANYWHERE, name="same", version_id=ANYWHERE) for number in (9, 4)]
    assert [it.template.id.int for it in rank(twins, {}, query="", now=NOW).ranked] == [4, 9]


def test_l08_ranking_comes_before_paging() -> None:
    """The best of all is on the first page, wherever its name stands in the alphabet."""
    kitchen = Kitchen()
    for number in range(15):
        kitchen.coder.add_template(f"template-{number:02}")
    kitchen.create("template-14")
    assert kitchen.listed()[0] == "template-14"


# ------------------------------------------------------------------ the ladder


def test_l09_nothing_visible() -> None:
    """The user is told; there is nothing to recommend."""
    said = Kitchen().call("list_templates")
    assert said["templates"] == []
    assert "recommended_template_id" not in said
    assert "Tell the user" in said["next_step"]


def test_l10_nothing_matches() -> None:
    """Without a query, or asking the user, are the ways on, even if there is only one template."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker")
    said = kitchen.call("list_templates", query="cobol")
    assert said["templates"] == []
    assert "recommended_template_id" not in said
    assert "without a query" in said["next_step"]


@pytest.mark.parametrize("signals", [{}, None])
def test_l11_the_only_one_is_recommended(signals: dict[str, TemplateUse] | None) -> None:
    """Whether or not its use could be told."""
    assert verdict(signals, "docker") is Verdict.ONLY_ONE
    assert verdict(signals, "docker", query="dock") is Verdict.ONLY_ONE


@pytest.mark.parametrize("signals", [{}, None])
def test_l12_a_decisive_query(signals: dict[str, TemplateUse] | None) -> None:
    """The best tier has one template, or only one matches at all."""
    assert verdict(signals, "docker", "docker-gpu", query="docker") is Verdict.DECISIVE_MATCH
    assert verdict(signals, "docker", "vm", query="dock") is Verdict.DECISIVE_MATCH


def test_l13_use_that_cannot_be_told_leads_to_a_question() -> None:
    """The list is shown all the same, and the failure is no error."""
    kitchen = Kitchen()
    for name in ("docker", "vm"):
        kitchen.coder.add_template(name)
    kitchen.coder.when("template_use").fail()
    result = kitchen.result("list_templates")
    assert not result.is_error
    assert len(result.content["templates"]) == 2
    kitchen.coder.when("template_use").refuse(403, "not yours")
    assert kitchen.result("list_templates") == result
    assert "ask the user" in result.content["next_step"]
    assert verdict(None, "a", "b") is verdict(None, "aa", "ab", query="a") is Verdict.NO_SIGNALS


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (by_others(2), by_others(1), Verdict.TIE_BROKEN),
        (by_others(3), by_others(2), Verdict.TIE),
        (TemplateUse(), TemplateUse(), Verdict.TIE),
        (used(1), TemplateUse(), Verdict.TIE_BROKEN),
    ],
)
def test_l14_a_tie_of_the_query(first: TemplateUse, second: TemplateUse, expected: Verdict) -> None:
    """Ahead by ln 3 - ln 2 is enough, the difference between 2 developers and 1; ln 4 - ln 3 is not."""
    assert verdict({"box-a": first, "box-b": second}, "box-a", "box-b", query="box") is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (by_others(1), TemplateUse(), Verdict.BELOW_FLOOR),
        (by_others(2), TemplateUse(), Verdict.CONFIDENT),
        (by_others(2), by_others(2), Verdict.AMBIGUOUS),
        (by_others(3), by_others(2), Verdict.AMBIGUOUS),
        (by_others(5), by_others(2), Verdict.CONFIDENT),
        (by_others(2), by_others(1), Verdict.CONFIDENT),
        (used(1), used(1, days=14), Verdict.CONFIDENT),
        (used(1), used(1), Verdict.AMBIGUOUS),
    ],
)
def test_l15_l16_without_a_query(first: TemplateUse, second: TemplateUse, expected: Verdict) -> None:
    """The first must reach ln 3, and a second that does too must be ln 3 - ln 2 behind."""
    assert verdict({"a": first, "b": second}, "a", "b") is expected


def test_l17_the_recommendation_and_what_to_do() -> None:
    """With a recommendation: create it, read first only for parameters. Without: ask, do not create."""
    kitchen = Kitchen()
    docker = kitchen.coder.add_template("docker")
    said = kitchen.call("list_templates")
    assert said["recommended_template_id"] == str(docker.id)
    assert "create_workspace with recommended_template_id" in said["next_step"]
    kitchen.coder.add_template("vm")
    said = kitchen.call("list_templates")
    assert "recommended_template_id" not in said
    assert said["next_step"].startswith("Do not create a workspace yet: ask the user")


def test_l17_what_would_be_refused_is_not_offered() -> None:
    """Where there are none but templates with external agents, the user is told, and not asked to choose; beside another they count for nothing."""
    kitchen = Kitchen()
    kitchen.coder.add_template("laptop", external_agent=True)
    for said in (kitchen.call("list_templates"), kitchen.call("list_templates", query="lap")):
        assert "recommended_template_id" not in said
        assert said["templates"][0]["external_agent"] is True
        assert said["advice"] == "ask_user"
        assert said["next_step"].startswith("No workspace can be created from these here")
    docker = kitchen.coder.add_template("docker")
    said = kitchen.call("list_templates")
    assert (said["recommended_template_id"], said["advice"]) == (str(docker.id), "create")
    assert {item["name"]: "external_agent" in item for item in said["templates"]} == {"docker": False, "laptop": True}
    kitchen.coder.add_template("docks")
    assert kitchen.call("list_templates", query="lap")["next_step"].startswith("No workspace can be created from these here")
    assert kitchen.call("list_templates", query="cobol")["advice"] == "list_templates"


@pytest.mark.parametrize("tool", ["list_templates", "read_template"])
def test_l19_a_platform_that_is_away(tool: str) -> None:
    """Whoever asks for templates is told when to come back, later each time, and after ten minutes to ask an administrator."""
    kitchen = Kitchen()
    arguments = {"template_id": str(kitchen.coder.add_template("docker").id)} if tool == "read_template" else {}
    kitchen.coder.when("list_templates" if tool == "list_templates" else "get_template", chance=1.0).fail()
    pauses = list[int]()
    while (said := kitchen.call(tool, **arguments))["advice"] == "call_later":
        pauses.append(said["retry_after"])
        assert f"in {pauses[-1]} s" in said["next_step"]
        kitchen.sim.sleep(pauses[-1])
    assert (said["advice"], pauses[0], pauses, len(pauses) < 15) == ("ask_administrator", 5, sorted(pauses), True)


@pytest.mark.parametrize("tool", ["list_templates", "read_template"])
def test_l18_a_closed_chat_is_offered_nothing(tool: str) -> None:
    """It gets no workspace any more, so it is not told to create one."""
    kitchen = Kitchen()
    docker = kitchen.coder.add_template("docker")
    kitchen.sim.workspaces.close_chat("chat-1")
    result = kitchen.result(tool, **({"template_id": str(docker.id)} if tool == "read_template" else {}))
    assert (result.is_error, result.content["reason"], result.content["advice"]) == (True, "chat_closed", "ask_user")


def test_l03_foreign_text_is_cut() -> None:
    """Whatever a template's author wrote, a page stays a page."""
    kitchen = Kitchen()
    for number in range(10):
        kitchen.coder.add_template(f"t{number}", display_name="n" * 90_000, description="d" * 90_000, readme="[" * 90_000)
    assert len(kitchen.toolbox.call("list_templates", {}).text) < 20_000
