"""What Coder sends becomes values, or UnreadableError, whatever it sends."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatworkspace import AgentStatus, JobStatus, Lifecycle, Quota, Transition
from chatworkspace_coder._answers import fields, parameters, templates, users, workspaces
from chatworkspace_coder._answers import settings as settings_for_chats
from chatworkspace_coder._answers import use as usage
from chatworkspace_coder._answers.fields import UnreadableError
from tests.adapters.coder.payloads import (
    AGENT,
    NEXT_VERSION,
    ORGANIZATION,
    OTHER,
    OWNER,
    PRESET,
    TEMPLATE,
    VERSION,
    WORKSPACE,
    Json,
    agent,
    build,
    template,
    user,
    version,
    workspace,
)

NOW = datetime(2026, 9, 1, 10, 1, 0, tzinfo=timezone.utc)


def test_a_workspace_is_read_whole() -> None:
    """One answer gives workspace, build, job and agents."""
    read = workspaces.workspace(workspace(), NOW)
    assert (read.id, read.name, read.full_name) == (UUID(WORKSPACE), "dev-ana", "ana/dev-ana")
    assert (read.owner_id, read.organization_id, read.template_id) == (UUID(OWNER), UUID(ORGANIZATION), UUID(TEMPLATE))
    assert (read.build.number, read.build.transition, read.build.job_status) == (1, Transition.START, JobStatus.SUCCEEDED)
    assert read.created_at == datetime(2026, 9, 1, 9, 59, tzinfo=timezone.utc)
    (main,) = read.agents
    assert (main.id, main.status, main.lifecycle, main.external) == (UUID(AGENT), AgentStatus.CONNECTED, Lifecycle.READY, False)
    assert (read.deleted, read.dormant, read.required_version_id) == (False, False, None)


def test_the_required_version_is_the_active_one() -> None:
    """Where the template requires it, and only there."""
    assert workspaces.workspace(workspace(template_require_active_version=True), NOW).required_version_id == UUID(NEXT_VERSION)


@pytest.mark.parametrize(
    ("changes", "gone"),
    [({"transition": "delete"}, True), ({"transition": "delete", "job": {"status": "running"}}, False), ({"transition": "stop"}, False)],
)
def test_a_deleted_workspace(changes: Json, gone: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Its last build is a deletion that has succeeded."""
    job = changes.get("job")
    latest = build(job=job, **{name: value for name, value in changes.items() if name != "job"})
    assert workspaces.workspace(workspace(latest), NOW).deleted is gone


@pytest.mark.parametrize(("told", "dormant"), [(None, False), ("0001-01-01T00:00:00Z", False), ("2026-09-01T10:00:00Z", True), (7, False)])
def test_dormancy(told: object, dormant: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """A date that was never set is none."""
    assert workspaces.workspace(workspace(dormant_at=told), NOW).dormant is dormant


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"error": "insufficient quota"}, "INSUFFICIENT_QUOTA"),
        ({"error": "x", "error_code": "INSUFFICIENT_QUOTA"}, "INSUFFICIENT_QUOTA"),
        ({"error": "x", "error_code": "REQUIRED_TEMPLATE_VARIABLES"}, "REQUIRED_TEMPLATE_VARIABLES"),
        ({"error": "x"}, ""),
    ],
)
def test_a_full_quota(job: Json, code: str) -> None:
    """By code on newer servers, by words on older ones."""
    assert workspaces.build(build(job={"status": "failed"} | job), None).error_code == code


@pytest.mark.parametrize(
    ("told", "count"),
    [({"count": 2, "available": 1}, 1), ({"count": 0, "available": 0}, 0), ({"count": 2}, 2), (None, None), ({}, None), ({"count": "2"}, None)],
)
def test_provisioners(told: object, count: int | None) -> None:
    """How many may take the build now; None where it is not told."""
    assert workspaces.build(build(matched_provisioners=told), None).provisioners == count


def test_an_external_agent() -> None:
    """Its resource says so; the agent does not."""
    (read,) = workspaces.workspace(workspace(build(agent(), resource="coder_external_agent")), NOW).agents
    assert read.external


def test_agents_of_several_resources() -> None:
    """In their order, with sub-agents."""
    latest = build(agent(), agent(id=OTHER, name="sub", parent_id=AGENT))
    main, sub = workspaces.workspace(workspace(latest), NOW).agents
    assert (main.display_order, sub.display_order, sub.parent_id) == (0, 1, UUID(AGENT))


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"disconnected_at": "2026-09-01T10:00:30Z"}, 30.0),
        ({"disconnected_at": None}, 58.0),
        ({"disconnected_at": None, "last_connected_at": None}, 0.0),
        ({"disconnected_at": "2026-09-01T11:00:30Z"}, 0.0),
    ],
)
def test_how_long_an_agent_is_away(changes: Json, seconds: float) -> None:
    """By Coder's clock, never below 0; since it was last seen where nobody recorded the break."""
    (read,) = workspaces.workspace(workspace(build(agent(status="disconnected", **changes))), NOW).agents
    assert read.disconnected_for == seconds


def test_the_agent_of_a_claimed_prebuild() -> None:
    """It was connected before the claim's build ended: it has yet to connect anew."""
    claimed = build(agent(last_connected_at="2026-09-01T09:59:59Z"), build_number=2)
    assert not workspaces.workspace(workspace(claimed), NOW).agents[0].connected_since_build
    assert workspaces.workspace(workspace(build(agent(), build_number=2)), NOW).agents[0].connected_since_build


def test_what_is_not_known_yet() -> None:
    """Values of newer servers: nothing is expected of such an agent, and such a job is unknown."""
    read = workspaces.workspace(workspace(build(agent(status="napping", lifecycle_state="dreaming"), job={"status": "paused"})), NOW)
    assert (read.agents[0].status, read.agents[0].lifecycle) == (AgentStatus.CONNECTING, Lifecycle.STARTING)
    assert read.build.job_status is JobStatus.UNKNOWN
    with pytest.raises(UnreadableError):
        workspaces.build(build(transition="teleport"), None)


@pytest.mark.parametrize("told", [None, [], {}, {"latest_build": None}, workspace({}), workspace(id=None), workspace(build({"id": "x"}))])
def test_what_makes_no_sense(told: object) -> None:
    """UnreadableError: an agent that is left out would make a workspace without agents, which counts as ready."""
    with pytest.raises(UnreadableError):
        workspaces.workspace(told, NOW)


@pytest.mark.parametrize("resources", [None, [], [{"type": "x"}], [{"type": "x", "agents": None}]])
def test_no_agents(resources: object) -> None:
    """Null, empty and absent lists are the same."""
    assert workspaces.workspace(workspace(build(resources=resources)), NOW).agents == ()


@pytest.mark.parametrize(
    ("told", "instant"),
    [
        ("2026-09-01T10:00:00.123456789Z", datetime(2026, 9, 1, 10, 0, 0, 123456, tzinfo=timezone.utc)),
        ("2026-09-01T12:00:00+02:00", datetime(2026, 9, 1, 10, tzinfo=timezone.utc)),
        ("2026-09-01T10:00:00.5Z", datetime(2026, 9, 1, 10, 0, 0, 500000, tzinfo=timezone.utc)),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-09-01", None),
        ("", None),
        (None, None),
        (0, None),
    ],
)
def test_dates(told: object, instant: datetime | None) -> None:
    """RFC 3339 with up to nine digits; what never was is None."""
    assert fields.date({"at": told}, "at") == instant


@pytest.mark.parametrize(("told", "read"), [(3, 3), (3.0, 3), (True, None), ("3", None), (1e300, None), (float("nan"), None), (float("inf"), None)])
def test_numbers(told: object, read: int | None) -> None:
    """Whole ones only."""
    assert fields.number({"n": told}, "n") == read


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (workspace(build(agent(), build_number=2)), workspace()),
        (workspace(), workspace(build(job={"status": "running", "completed_at": None}))),
        (workspace(build(agent(last_connected_at="2026-09-01T10:00:30Z"))), workspace()),
        (workspace(build(job={"status": "running", "completed_at": None})), workspace(build(job={"status": "pending", "completed_at": None}))),
    ],
)
def test_an_older_reading_is_told_from_a_newer_one(newer: Json, older: Json) -> None:
    """By the build's number, the job's progress, and the latest date."""
    assert workspaces.freshness(newer) > workspaces.freshness(older)


def test_what_lies_ahead_makes_no_reading_newer() -> None:
    """When a workspace is deleted or started next says nothing of when it was read."""
    assert workspaces.freshness(workspace(deleting_at="2099-01-01T00:00:00Z", next_start_at="2099-01-01T00:00:00Z")) == workspaces.freshness(
        workspace()
    )


def test_lines_of_a_log() -> None:
    """In order of their ids; titles of stages are no lines."""
    told = [{"id": 3, "output": "b", "log_level": "error"}, {"id": 2, "output": "", "stage": "Planning"}, {"id": 1, "output": "a"}]
    assert [(it.id, it.text, it.level) for it in workspaces.log_lines(told)] == [(1, "a", "info"), (3, "b", "error")]
    assert workspaces.log_lines(None) == []


def test_a_long_line_of_a_log() -> None:
    """Its beginning and its end, and how long it was."""
    (line,) = workspaces.log_lines([{"id": 1, "output": "a" * 10_000 + "b" * 10_000}])
    assert len(line.text) == 10_000
    assert re.fullmatch(r"a+… \[20000 characters, cut\] b+", line.text)
    (line,) = workspaces.log_lines([{"id": 1, "output": "a" * 10_000}])
    assert line.text == "a" * 10_000


@pytest.mark.parametrize(
    ("told", "quota"),
    [({"credits_consumed": 3, "budget": 10}, Quota(consumed=3, budget=10)), ({"credits_consumed": 3, "budget": -1}, None), ({}, None)],
)
def test_quotas(told: Json, quota: Quota | None) -> None:
    """-1 is no limit."""
    assert users.quota(told) == quota


def test_a_user() -> None:
    """Organizations that are no ids are left out."""
    assert users.user(user(organization_ids=[ORGANIZATION, 3, "x"])).organization_ids == (UUID(ORGANIZATION),)
    assert users.user(user(organization_ids=None)).organization_ids == ()


# ---------------------------------------------------------------- templates


def test_a_template() -> None:
    """With the active version, and whether chats may use it."""
    read = templates.template(template(agents_allowed=False))
    assert (read.template.version_id, read.template.agents_allowed, read.tells_allowed, read.users) == (UUID(VERSION), False, True, 3)
    older = {name: value for name, value in template(active_user_count=-1).items() if name not in {"agents_allowed", "use_classic_parameter_flow"}}
    read = templates.template(older)
    assert (read.template.agents_allowed, read.tells_allowed, read.users, read.classic) == (True, False, 0, True)


def test_deleted_templates_are_not_listed() -> None:
    """Some servers list them."""
    assert [it.template.name for it in templates.templates([template(deleted=True), template(name="b")])] == ["b"]
    assert templates.templates(None) == []


def test_a_version() -> None:
    """Its readme, and whether its agents run elsewhere; older servers have none that do."""
    assert templates.version(version(has_external_agent=True)) == templates.Version(readme="# Docker", external_agent=True)
    assert not templates.version({"readme": None}).external_agent


@pytest.mark.parametrize(("ids", "allowed"), [([], None), (None, None), ([TEMPLATE], frozenset([UUID(TEMPLATE)]))])
def test_an_allow_list(ids: object, allowed: object) -> None:
    """An empty one allows all."""
    assert settings_for_chats.allow_list({"template_ids": ids}) == allowed


@pytest.mark.parametrize("small", [False, True])
def test_presets(small: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Keys with capitals, as they are sent, or without, as they are documented."""
    told: Json = {"ID": PRESET, "Name": "Small", "Parameters": [{"Name": "cpu", "Value": "2"}], "Default": True, "DesiredPrebuildInstances": 2}
    if small:
        told = {name.lower(): value for name, value in told.items()} | {"parameters": [{"name": "cpu", "value": "2"}]}
    (read,) = parameters.presets([told])
    assert (read.id, read.name, dict(read.parameters), read.default, read.desired_prebuilds) == (UUID(PRESET), "Small", {"cpu": "2"}, True, 2)


def test_no_presets() -> None:
    """Coder sends null."""
    assert parameters.presets(None) == []
    assert parameters.presets([{"ID": PRESET, "Name": "x", "Parameters": None, "DesiredPrebuildInstances": None}])[0].parameters == {}


def test_recorded_parameters() -> None:
    """A required one has no default; an empty default is one."""
    region, size = parameters.parameters(
        [
            {"name": "region", "required": True, "default_value": "", "type": "string", "options": [{"name": "EU", "value": "eu"}]},
            {"name": "size", "required": False, "default_value": "", "type": "number", "validation_min": 1, "validation_max": 8, "mutable": False},
        ]
    )
    assert (region.required, region.default, region.options[0].value) == (True, None, "eu")
    assert (size.default, size.validation_min, size.validation_max, size.mutable) == ("", 1, 8, False)


def test_evaluated_parameters() -> None:
    """Values come with whether they are valid; what is not is not known."""
    told: Json = {
        "diagnostics": [],
        "parameters": [
            {
                "name": "cpu",
                "default_value": {"value": "2", "valid": True},
                "options": [
                    {"name": "Two", "value": {"value": "2", "valid": True}},
                    {"name": "?", "value": {"value": "??", "valid": False}},
                ],
                "validations": [{"validation_min": 1, "validation_max": 8}],
                "diagnostics": [{"severity": "error", "summary": "missing", "extra": {"code": "required"}}],
            },
            {"name": "zone", "default_value": {"value": "??", "valid": False}, "diagnostics": [{"severity": "error", "summary": "not allowed"}]},
        ],
    }
    read = parameters.evaluation(told)
    cpu, zone = read.parameters
    assert (cpu.default, [it.value for it in cpu.options], cpu.validation_max, cpu.error) == ("2", ["2"], 8, "")
    assert (zone.default, zone.error) == (None, "not allowed")
    assert read.unknown == {("cpu", "options"), ("zone", "default")}
    assert read.complete


def test_a_parameter_that_is_masked() -> None:
    """The form hides what is typed in: it is a secret."""
    told = {"parameters": [{"name": "pin", "styling": {"mask_input": True}}, {"name": "cpu", "styling": {"label": "cores"}}, {"name": "a"}]}
    assert [it.masked for it in parameters.evaluation(told).parameters] == [True, False, False]


def test_errors_of_an_evaluation() -> None:
    """One about modules: some parameters are missing. Any other: none of it can be relied upon. A warning is none."""
    warned: Json = {"severity": "warning", "summary": "Region not allowed"}
    modules: Json = {"severity": "error", "summary": "Module not loaded. Did you run `terraform init`?"}
    wrong: Json = {"severity": "error", "summary": "Region not allowed"}
    read = [parameters.evaluation({"diagnostics": told, "parameters": []}) for told in ([warned], [modules], [modules, wrong])]
    assert [(it.complete, it.problem) for it in read] == [(True, ""), (False, ""), (False, "Region not allowed")]


def test_use_of_templates() -> None:
    """Live and deleted workspaces of the last 60 days; what is older does not count."""
    old = (NOW - timedelta(days=61)).isoformat()
    listing = {"workspaces": [workspace(), workspace(build(status="deleted")), workspace(last_used_at=old)]}
    use = usage.template_use(templates.templates([template()]), usage.used(listing), NOW)[UUID(TEMPLATE)]
    assert (use.active, use.deleted, use.developers, use.last_used_at) == (1, 1, 3, datetime(2026, 9, 1, 10, tzinfo=timezone.utc))


# ---------------------------------------------------------------- nonsense

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([OWNER, "start", "2026-09-01T10:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted({*workspace(), *build(), *agent()})), inner, max_size=4),
    max_leaves=10,
)
READERS: tuple[Callable[[object], object], ...] = (
    partial(workspaces.workspace, now=NOW),
    workspaces.freshness,
    lambda told: workspaces.build(fields.as_object(told), None),
    workspaces.log_lines,
    users.quota,
    users.user,
    templates.template,
    templates.templates,
    templates.version,
    settings_for_chats.allow_list,
    settings_for_chats.lifetime,
    users.organizations,
    users.may_create,
    parameters.parameters,
    parameters.evaluation,
    parameters.presets,
    usage.used,
)


@st.composite
def bent(draw: st.DrawFn) -> Any:
    """Return what Coder sends, with something in it replaced."""
    told: Any = draw(st.sampled_from([workspace(), template(), build(agent()), user(), version(), {"workspaces": [workspace()]}, [template()]]))
    where: Any = told
    for _ in range(draw(st.integers(0, 4))):
        keys = _keys(where)
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()):
            where[key] = draw(ANYTHING)
            break
        where = where[key]
    return told


def _keys(of: Any) -> list[Any]:
    if isinstance(of, list):
        return list(range(len(cast("list[object]", of))))
    return list(cast("Json", of)) if isinstance(of, dict) else []


@given(told=bent() | ANYTHING)
@settings(max_examples=300, deadline=None)
def test_nonsense_is_read_or_is_unreadable(told: object) -> None:
    """Never another error."""
    for read in READERS:
        with suppress(UnreadableError):
            read(told)
