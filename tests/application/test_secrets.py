"""A parameter's value is told nowhere, whatever the platform says and wherever; and what says nothing of one arrives as it was said."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chatworkspace import ConnectError, Progress, RefusedError, UnavailableError
from chatworkspace._domain.texts import visible
from chatworkspace.events import Event, Requested
from chatworkspace.ports import DialError, Evaluation, Parameter
from chatworkspace_fake import Fails, FakeStore, Simulation
from tests.application.planting import CHAT, HARMLESS, TOKEN, Ear, everything
from tests.domain.test_redaction import WRITTEN, shows

SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=8, max_size=40)
SLOW = HealthCheck.too_slow


def none_is_told(secret: str, writing: str) -> None:
    """See that no run of a secret is told, written in this way."""
    assume(secret.strip() and not shows(HARMLESS, secret))
    assert shows(everything(WRITTEN[writing](secret), secret), secret) == []


@settings(max_examples=10, deadline=None, suppress_health_check=[SLOW], derandomize=True)
@given(secret=SECRETS, writing=st.sampled_from(sorted(WRITTEN)))
def test_no_run_of_a_secret_is_told_anywhere(secret: str, writing: str) -> None:
    """Of results, outcomes, reprs, errors with all that is behind them, log records, events, progress and history, whatever the platform says."""
    none_is_told(secret, writing)


@pytest.mark.exhaustive
@pytest.mark.parametrize("writing", sorted(WRITTEN))
@settings(max_examples=20, deadline=None, suppress_health_check=[SLOW], derandomize=False, database=None)
@given(secret=SECRETS)
def test_nor_is_it_of_hundreds_of_others(writing: str, secret: str) -> None:
    """In each writing that is known, with secrets that are drawn anew each time."""
    none_is_told(secret, writing)


def test_of_calls_about_many_chats_no_words_of_the_platforms_are_told() -> None:
    """Whose values it repeats nobody can say there: the class of what failed is told, once values are known. A record is told no values."""
    told = list[Event]()
    sim = Simulation(0, store=FakeStore, on_event=told.append)
    sim.open_chat(CHAT)
    docker = sim.coder.add_template("docker", parameters=(TOKEN,))
    for values in ({}, {"token": "Tr0ub4dor-and-3"}):
        sim.workspaces.create(CHAT, docker.id, parameters=values)
        sim.coder.when("list_workspaces").fail(UnavailableError("no Tr0ub4dor-and-3", retryable=False))
        sim.workspaces.sweep()
    sim.store.when("chats").fail(UnavailableError("no database", retryable=False))
    Ear().heard_of(sim.workspaces.chats)
    failed = [it.error for it in told if isinstance(it, Requested) and it.error]
    assert failed == ["UnavailableError: no Tr0ub4dor-and-3", "UnavailableError", "UnavailableError: no database"]


# ------------------------------------------------------------------ what says nothing of a value

SAID = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
OTHERS_VALUE = {"token": "\ue000Tr0ub4dor\ue000"}


@settings(max_examples=60, deadline=None, suppress_health_check=[SLOW], derandomize=True)
@given(said=SAID)
def test_what_says_nothing_of_a_value_arrives_as_it_was_said(said: str) -> None:
    """In outcomes and progress character by character; in results but for what nobody sees, and blanks around it."""
    steps = list[Progress]()
    sim = Simulation(0, on_progress=steps.append)
    sim.open_chat(CHAT)
    docker = sim.coder.add_template("docker", parameters=(TOKEN,), build=Fails(after=1, error=said, code=said), log=(said, "end"))
    outcome = sim.workspaces.create(CHAT, docker.id, parameters=OTHERS_VALUE)
    assert outcome.workspace is not None
    assert (outcome.error, outcome.workspace.build.error_code, outcome.log_tail) == (said, said, (said, "end", said))
    assert [it.line for it in steps if it.line is not None] == [said, "end", said]
    told = sim.workspaces.toolbox(CHAT).call("create_workspace", {"template_id": str(docker.id)}).content
    seen = visible(said).strip()
    assert told["error"].removeprefix("existing ") == f"workspace build failed: {seen or 'build failed'}"
    assert (told["error_code"], told["log_tail"]) == (seen, [seen, "end", seen])


@settings(max_examples=60, deadline=None, suppress_health_check=[SLOW], derandomize=True)
@given(said=SAID)
def test_so_does_what_is_refused(said: str) -> None:
    """Message, detail and validations of an error, and of the result; what a dial has said as well."""
    sim = Simulation(0)
    sim.open_chat(CHAT)
    docker, seen = sim.coder.add_template("docker", parameters=(TOKEN,)), visible(said).strip()
    refusal = (said, said, ((said, said),))
    sim.coder.when("create_workspace").fail(RefusedError(said, detail=said, validations=refusal[2]))
    with pytest.raises(RefusedError) as refused:
        sim.workspaces.create(CHAT, docker.id, parameters=OTHERS_VALUE)
    assert (refused.value.message, refused.value.detail, refused.value.validations) == refusal
    sim.coder.when("create_workspace").fail(RefusedError(said, detail=said, validations=refusal[2]))
    told = sim.workspaces.toolbox(CHAT).call("create_workspace", {"template_id": str(docker.id), "parameters": OTHERS_VALUE}).content
    assert (told["error"], told.get("detail", ""), told["validations"]) == (seen or "request failed", seen, [{"field": seen, "detail": seen}])
    sim.workspaces.create(CHAT, docker.id, parameters=OTHERS_VALUE)
    sim.coder.when("dial", times=2).fail(DialError(said))
    with pytest.raises(ConnectError) as unreached:
        sim.workspaces.connect(CHAT)
    assert str(unreached.value) == said


@settings(max_examples=60, deadline=None, suppress_health_check=[SLOW], derandomize=True)
@given(said=SAID)
def test_so_does_what_a_template_says(said: str) -> None:
    """Of itself, and of answers: in both tools that read templates. A README is Markdown, of which the marks are tested elsewhere."""
    sim = Simulation(0)
    sim.open_chat(CHAT)
    readme, wrong = said.translate(dict.fromkeys(map(ord, "<![-`~"))), Parameter(name="token", description=said, error=said)
    evaluation = Evaluation(parameters=(wrong,), problem="")
    docker = sim.coder.add_template("docker", parameters=(TOKEN,), evaluation=evaluation, display_name=said, description=said, readme=readme)
    sim.workspaces.create(CHAT, docker.id, parameters=OTHERS_VALUE)
    toolbox, seen = sim.workspaces.toolbox(CHAT), visible(said).strip()
    (listed,) = toolbox.call("list_templates", {}).content["templates"]
    read = toolbox.call("read_template", {"template_id": str(docker.id)}).content
    markdown = visible(readme).strip("\n").rstrip()
    assert [it.get("display_name", "") for it in (listed, read["template"])] == [seen, seen]
    assert [it.get("description", "") for it in (listed, read["template"], *read["parameters"])] == [seen] * 3
    assert (listed.get("readme_excerpt", ""), read["template"].get("readme", "")) == (markdown, markdown)
    assert read["parameters"][0].get("error", "") == visible(said)


def test_the_test_hears_what_is_told() -> None:
    """Words without a secret arrive in all these ways."""
    assert HARMLESS.count("harmless words") > 60
    assert "line 'token is harmless words'" in HARMLESS
    assert "RefusedError" in HARMLESS
    assert "'parameters_error': 'bad harmless words'" in HARMLESS
    assert "'error': 'not valid: harmless words'" in HARMLESS
    assert "the parameters of a template could not be evaluated" in HARMLESS
