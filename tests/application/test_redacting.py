"""A parameter's value is told nowhere, whatever the platform says and wherever; and words stay readable."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chatworkspace import Outcome, Progress, RefusedError, Template, UnavailableError
from chatworkspace._application.values import Values
from chatworkspace._domain.texts import visible
from chatworkspace.ports import DialError, Evaluation, NotAnsweredError, Option, Parameter
from chatworkspace_fake import Fails, Simulation
from tests.domain.test_redaction import WRITTEN, shows

CHAT = "chat-1"
TOKEN = Parameter(name="token")
REGION = Parameter(name="region", options=(Option(name="West", value="eu-west-1"), Option(name="East", value="eu-east-1")))


class Ear(logging.Handler):
    """Keeps all that anybody is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, with its traceback."""
        self.told.append(logging.Formatter().format(record))

    def hear(self, said: object) -> None:
        """Keep an outcome, a step, a result, or an error with what is behind it."""
        self.told.append(repr(said))
        if isinstance(said, (Outcome, Progress)):
            self.told.append(_words(said.as_dict()))
        if isinstance(said, BaseException):
            self.told += [*traceback.format_exception(said), _words(vars(said))]

    def heard_of(self, act: Callable[[], object]) -> None:
        """Keep what a call comes to."""
        try:
            self.hear(act())
        except Exception as error:  # noqa: BLE001 # what is raised is what is looked at
            self.hear(error)

    @property
    def all(self) -> str:
        """All of it."""
        return "\n".join(self.told)


def _words(value: Any) -> str:
    """Return the texts in a value as they are: a repr would write them in another way."""
    if isinstance(value, dict):
        return "\n".join(map(_words, value.values()))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType] # whatever it holds
    if isinstance(value, (list, tuple)):
        return "\n".join(map(_words, value))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType] # as above
    return str(value)


@contextmanager
def listening() -> Generator[Ear, None, None]:
    """Hear the library's log as well."""
    ear, logger = Ear(), logging.getLogger("chatworkspace")
    logger.addHandler(ear)
    try:
        yield ear
    finally:
        logger.removeHandler(ear)


def errors_of(planted: str) -> tuple[Exception, ...]:
    """Return what a platform may answer to a change, with this in all its words."""
    return (
        RefusedError(f"bad {planted}", detail=f"it is {planted}", validations=[(planted, f"{planted} is bad")]),
        NotAnsweredError(f"no answer to {planted}"),
        NotAnsweredError(f"500 {planted}", in_flight=False),
        UnavailableError(f"busy with {planted}"),
        ValueError(planted),
    )


def evaluations_of(planted: str) -> dict[str, Evaluation]:
    """Return what a platform may say of answers when it is asked what a template asks, by names of templates."""
    wrong = Parameter(name="token", error=f"not valid: {planted}")
    return {"as-a-whole": Evaluation(parameters=(TOKEN,), problem=f"bad {planted}"), "by-name": Evaluation(parameters=(wrong,))}


def everything(planted: str, secret: str) -> str:
    """Let a platform say this wherever it can, to calls of a chat that has brought the secret; return all that anybody is told."""
    with listening() as ear:
        sim = Simulation(0, on_progress=ear.hear, on_chat_updated=ear.hear)
        sim.open_chat(CHAT)
        chats, given = sim.workspaces, {"token": secret}
        builds = (Fails(after=1, error=f"bad {planted}", code=planted), Fails(after=1, error=planted), 1)
        docker = sim.coder.add_template("docker", parameters=(TOKEN,), build=builds, log=(f"token is {planted}", planted))
        for error in errors_of(planted):
            sim.coder.when("create_workspace").fail(error)
            ear.heard_of(lambda: chats.create(CHAT, docker.id, parameters=given))
            sim.coder.when("find_workspace", times=1).fail(UnavailableError(planted, retryable=False))
            ear.heard_of(lambda: chats.create(CHAT, docker.id, parameters=given))
            ear.heard_of(lambda: chats.status(CHAT))
        ear.heard_of(lambda: chats.create(CHAT, docker.id, parameters=given))
        ear.heard_of(lambda: chats.status(CHAT))
        for step in chats.follow(CHAT):
            ear.hear(step)
        for error in errors_of(planted):
            sim.coder.when("start_workspace").fail(error)
            ear.heard_of(lambda: chats.start(CHAT))
        toolbox = chats.toolbox(CHAT)
        for name, evaluation in evaluations_of(planted).items():
            template = sim.coder.add_template(name, parameters=(TOKEN,), evaluation=evaluation)
            result = toolbox.call("read_template", {"template_id": str(template.id)})
            ear.told += [repr(result), result.text, _words(result.content)]
        for tool in ("start_workspace", "start_workspace", "create_workspace", "list_templates", "read_template"):
            sim.coder.when("template_use").fail(UnavailableError(planted))
            sim.coder.when("evaluate_parameters").fail(UnavailableError(planted))
            result = toolbox.call(tool, {"template_id": str(docker.id)} if tool in ("create_workspace", "read_template") else {})
            ear.told += [repr(result), result.text, _words(result.content)]
        sim.coder.when("dial", times=2).fail(DialError(planted))
        ear.heard_of(lambda: chats.connect(CHAT))
        sim.coder.when("get_workspace", times=30).fail(UnavailableError(planted))
        ear.heard_of(lambda: chats.status(CHAT))
        ear.heard_of(lambda: chats.history(CHAT))
        ear.heard_of(chats.sweep)
        coder: Any = sim.coder
        coder._faults._armed.clear()  # what never struck is not the point here
        return ear.all


HARMLESS = everything("harmless words", "nobody says this value")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(secret=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=8, max_size=40), writing=st.sampled_from(sorted(WRITTEN)))
def test_no_run_of_a_secret_is_told_anywhere(secret: str, writing: str) -> None:
    """Of results, outcomes, reprs, errors with all that is behind them, log records, progress and history, whatever the platform says."""
    assume(secret.strip() and not shows(HARMLESS, secret))
    planted = WRITTEN[writing](secret)
    assert shows(everything(planted, secret), secret) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(said=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=120))
def test_what_says_nothing_of_a_value_arrives_as_it_was_said(said: str) -> None:
    """In outcomes character by character; in results but for what nobody sees, and blanks around it."""
    sim = Simulation(0)
    sim.open_chat(CHAT)
    docker = sim.coder.add_template("docker", parameters=(TOKEN,), build=Fails(after=1, error=said))
    outcome = sim.workspaces.create(CHAT, docker.id, parameters={"token": "\ue000Tr0ub4dor\ue000"})
    assert outcome.error == said
    result = sim.workspaces.toolbox(CHAT).call("create_workspace", {"template_id": str(docker.id)})
    cause = visible(said).strip() or "build failed"
    assert result.content["error"].removeprefix("existing ") == f"workspace build failed: {cause}"


def test_the_test_hears_what_is_told() -> None:
    """Words without a secret arrive in all these ways."""
    assert HARMLESS.count("harmless words") > 60
    assert "line 'token is harmless words'" in HARMLESS
    assert "RefusedError" in HARMLESS
    assert "'parameters_error': 'bad harmless words'" in HARMLESS
    assert "'error': 'not valid: harmless words'" in HARMLESS
    assert "the parameters of a template could not be evaluated" in HARMLESS


# ------------------------------------------------------------------ what stays


def failing(**template: Any) -> tuple[Simulation, Template]:
    """Return a world whose template fails with an error about its region and its token."""
    sim = Simulation(0)
    sim.open_chat(CHAT)
    build = Fails(after=1, error="no machine in eu-west-1 for hunter2 or Tr0ub4dor-and-3")
    return sim, sim.coder.add_template("docker", build=build, **template)


PIN = Parameter(name="pin", masked=True)
GIVEN = {"region": "eu-west-1", "token": "Tr0ub4dor-and-3", "pin": "hunter2"}


def test_what_a_template_offers_to_everybody_stays_readable() -> None:
    """An option is no secret, though it has nine characters; what is masked is one, though it has seven."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    assert sim.workspaces.create(CHAT, docker.id, parameters=GIVEN).error == "no machine in eu-west-1 for … or …"
    assert sim.workspaces.status(CHAT).error == "no machine in eu-west-1 for … or …"


def test_a_refusal_names_what_it_is_about() -> None:
    """Though the value is the parameter's own name, or contains it: its name is told, and the value is not."""
    sim, docker = failing(parameters=(Parameter(name="docker_image"),))
    toolbox = sim.workspaces.toolbox(CHAT)
    for wrong, value, nearest in (("docker_imaeg", "my-docker_image-7", "docker_image"), ("region_of", "docker_imaeg", "docker_image")):
        result = toolbox.call("create_workspace", {"template_id": str(docker.id), "parameters": {wrong: value, "docker_image": value}})
        told = {it["field"]: it["detail"] for it in result.content["validations"]}
        assert (result.content["error"], list(told)) == ("unknown parameters", [wrong])
        assert nearest in told[wrong]
    sim.coder.when("create_workspace").refuse(400, "no my-docker_image-7", {"docker_image": "my-docker_image-7 is too old"})
    result = toolbox.call("create_workspace", {"template_id": str(docker.id), "parameters": {"docker_image": "my-docker_image-7"}})
    assert (result.content["error"], result.content["validations"]) == ("no …", [{"field": "docker_image", "detail": "… is too old"}])


def test_what_is_written_for_everybody_stays_as_it_is() -> None:
    """A README that names what the model has chosen by it: only what is said of answers is looked through."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN), readme="Use `Tr0ub4dor-and-3`.", description="for Tr0ub4dor-and-3")
    sim.workspaces.create(CHAT, docker.id, parameters=GIVEN)
    problem = Evaluation(parameters=(REGION, TOKEN, PIN), problem="no eu-west-1 for Tr0ub4dor-and-3")
    sim.coder.update_template("docker", evaluation=problem)
    said = sim.workspaces.toolbox(CHAT).call("read_template", {"template_id": str(docker.id)}).content
    assert (said["template"]["readme"], said["template"]["description"]) == ("Use `Tr0ub4dor-and-3`.", "for Tr0ub4dor-and-3")
    assert said["parameters_error"] == "no eu-west-1 for …"


def test_a_template_that_does_not_tell_is_not_waited_for() -> None:
    """What may be a secret goes then, and short words stay; the answer comes all the same."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    sim.coder.when("evaluate_parameters", times=2).fail()
    assert sim.workspaces.create(CHAT, docker.id, parameters=GIVEN).error == "no machine in … for hunter2 or …"


def test_nothing_is_asked_where_nothing_was_said_of_a_value() -> None:
    """What a template asks is looked at before it is used; a failure that repeats no value asks no more."""
    sim = Simulation(0, on_progress=Ear().hear)
    sim.open_chat(CHAT)
    docker = sim.coder.add_template("docker", parameters=(TOKEN,), build=Fails(after=1, error="no machine"), log=("one", "two"))
    assert sim.workspaces.create(CHAT, docker.id, parameters={"token": "Tr0ub4dor"}).error == "no machine"
    made = sim.coder.calls.index("create_workspace")
    assert not [it for it in sim.coder.calls[made:] if it in ("evaluate_parameters", "list_parameters")]


def test_what_was_found_out_of_a_template_holds_for_notes_as_well() -> None:
    """Under a claim nobody is asked: the first refusal is noted without what may be secret, the next without what is."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    for _ in range(2):
        sim.coder.when("create_workspace").refuse(400, "no eu-west-1 for Tr0ub4dor-and-3")
        Ear().heard_of(lambda: sim.workspaces.create(CHAT, docker.id, parameters=GIVEN))
    assert [note for it in sim.workspaces.history(CHAT) for note in it.notes] == ["refused: no … for …", "refused: no eu-west-1 for …"]


def test_a_template_is_asked_once() -> None:
    """For all chats of the process, for some minutes, however often its builds repeat values."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    for chat in (CHAT, "chat-2"):
        sim.open_chat(chat)
        sim.workspaces.create(chat, docker.id, parameters=GIVEN)
        sim.workspaces.status(chat)
    before = 2  # each creation looks at what the template asks
    assert len([it for it in sim.coder.calls if it == "evaluate_parameters"]) == before + 1
    sim.sleep(301)
    sim.workspaces.status(CHAT)
    assert len([it for it in sim.coder.calls if it == "evaluate_parameters"]) == before + 2


def test_what_earlier_calls_have_brought_is_not_forgotten() -> None:
    """Each call adds its values, whatever their names were used for before; some hundred are kept of a chat, and some thousand chats."""
    values = Values()
    for number in range(300):
        values.bring(CHAT, {"token": f"Tr0ub4dor-{number:03}"})
        values.bring(f"chat-{number * 20}", {"token": "hunter2-hunter2"})
    assert values.out_of_text(CHAT, "Tr0ub4dor-299, Tr0ub4dor-100") == "…, …"
    values.bring(CHAT, {f"token-{number}": f"s3cret-{number:03}" for number in range(400)} | {"token": "Tr0ub4dor-100"})
    assert values.out_of_text(CHAT, "Tr0ub4dor-299, Tr0ub4dor-100, s3cret-000, s3cret-399") == "…299, …, …, …"
    for number in range(9000):
        values.bring(f"other-{number}", {"token": "hunter2-hunter2"})
    assert (CHAT in values.told, "other-8999" in values.told) == (False, True)


def test_a_sweep_tells_no_value_either() -> None:
    """What it has bound is told by its own call, which knows of no chat."""
    told = list[Outcome]()
    sim = Simulation(0, on_chat_updated=told.append)
    sim.open_chat(CHAT)
    docker = sim.coder.add_template("docker", parameters=(TOKEN,), build=Fails(after=1, error="no Tr0ub4dor-and-3"))
    sim.coder.when("create_workspace").lose_answer()
    sim.coder.when("find_workspace", times=9).fail(UnavailableError("away", retryable=False))
    Ear().heard_of(lambda: sim.workspaces.create(CHAT, docker.id, parameters={"token": "Tr0ub4dor-and-3"}, wait=0))
    coder: Any = sim.coder
    coder._faults._armed.clear()
    sim.sleep(1000)
    assert sim.workspaces.sweep().settled == (CHAT,)
    assert [it.workspace.build.error for it in told if it.workspace is not None] == ["no …"]


def test_another_process_does_not_know_the_values() -> None:
    """Nor could it: they are kept nowhere. It tells what the platform says."""
    sim, docker = failing(parameters=(REGION, TOKEN, PIN))
    sim.workspaces.create(CHAT, docker.id, parameters=GIVEN)
    assert sim.process("b").workspaces.status(CHAT).error == "no machine in eu-west-1 for hunter2 or Tr0ub4dor-and-3"
