"""The values that everything speaks: stable words, frozen facts, and what an outcome says about itself."""

from __future__ import annotations

from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import (
    Advice,
    AgentStatus,
    JobStatus,
    LeftBehind,
    Lifecycle,
    NotReadyError,
    Outcome,
    Phase,
    Quota,
    Reason,
    State,
    Sweep,
    Transition,
)
from tests.application.worlds import a_build, a_chat, a_template, a_workspace, an_agent

WORKSPACE = a_workspace()
READY = Outcome(chat=a_chat(), state=State.READY, reason=Reason.CREATED, workspace=WORKSPACE)

WORDS: dict[type[Enum], str] = {
    State: "absent starting ready stopping stopped failed gone unreachable unknown",
    Phase: "queued planning creating building connecting scripts",
    AgentStatus: "connecting connected disconnected timeout",
    Lifecycle: "created starting start_timeout start_error ready shutting_down shutdown_timeout shutdown_error off",
    Transition: "start stop delete",
    JobStatus: "pending running succeeded canceling canceled failed unknown",
}


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_the_words_are_stable(kind: type[Enum]) -> None:
    """Hosts store them and compare them with text; the platform's are its own, in their order."""
    assert " ".join(word.value for word in kind) == WORDS[kind]


@pytest.mark.parametrize("kind", [*WORDS, Reason], ids=lambda kind: kind.__name__)
def test_a_word_is_its_text(kind: type[Enum]) -> None:
    """Each is a str, called as it is written."""
    for word in kind:
        assert isinstance(word, str)
        assert word == word.value == word.name.lower()


@pytest.mark.parametrize(
    "value",
    [a_chat(), an_agent(), a_build(), WORKSPACE, a_template(), READY, Quota(consumed=1, budget=2), Sweep()],
    ids=lambda value: type(value).__name__,
)
def test_values_do_not_change(value: Any) -> None:
    """They may be shared between threads, and are compared by what they say."""
    for name in attrs.asdict(value, recurse=False):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, name, None)
    assert value == attrs.evolve(value)


def test_a_workspace_has_its_platforms_name() -> None:
    """Owner, slash, name."""
    assert a_workspace(name="dev", owner_name="me").full_name == "me/dev"


@pytest.mark.parametrize("state", State)
def test_only_ready_is_ready(state: State) -> None:
    """No other state may be used as if it were."""
    assert attrs.evolve(READY, state=state).ready is (state is State.READY)


def test_the_id_of_what_is_there_comes_first() -> None:
    """The workspace's if it was read, else the chat's, else none."""
    bound = a_chat(workspace_id=UUID(int=42))
    assert attrs.evolve(READY, chat=bound).workspace_id == WORKSPACE.id
    assert attrs.evolve(READY, chat=bound, workspace=None).workspace_id == UUID(int=42)
    assert attrs.evolve(READY, workspace=None).workspace_id is None


def test_requiring_what_is_ready_gives_the_workspace() -> None:
    """One call less for whoever just wants to go on."""
    assert READY.require_ready() is WORKSPACE


@pytest.mark.parametrize(
    "outcome", [attrs.evolve(READY, state=state) for state in State if state is not State.READY] + [attrs.evolve(READY, workspace=None)]
)
def test_requiring_what_is_not_ready_raises(outcome: Outcome) -> None:
    """With the outcome, so that nothing is lost."""
    with pytest.raises(NotReadyError) as caught:
        outcome.require_ready()
    assert caught.value.outcome is outcome


def test_an_outcome_says_nothing_that_was_not_said() -> None:
    """Everything but chat, state and reason is empty unless given, and no two outcomes share what can be changed."""
    plain = Outcome(chat=a_chat(), state=State.ABSENT, reason=Reason.NO_WORKSPACE)
    rest = {field.name: getattr(plain, field.name) for field in attrs.fields(Outcome)[3:]}
    assert rest.pop("advice") is Advice.NOTHING
    assert not any(rest.values()), rest
    assert plain.not_applied is not Outcome(chat=a_chat(), state=State.ABSENT, reason=Reason.NO_WORKSPACE).not_applied


def test_values_are_built_by_name() -> None:
    """Ids in a row would be confused."""
    build: Any = LeftBehind
    with pytest.raises(TypeError):
        build(UUID(int=1), "name", Reason.REPLACED)
