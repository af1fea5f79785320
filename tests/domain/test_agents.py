"""Which agent a chat uses: root agents only, the marked one before the first, and no guess where two are marked."""

from __future__ import annotations

from itertools import permutations
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatworkspace import Agent
from chatworkspace._domain.agents import NoChoice, select_agent
from tests.application.worlds import an_agent

PARENT = UUID(int=99)


def _called(name: str, order: int = 0, number: int = 1, *, parent: UUID | None = None) -> Agent:
    return an_agent(name=name, display_order=order, id=UUID(int=number), parent_id=parent)


def _every_order(*agents: Agent) -> list[tuple[Agent, ...]]:
    return list(permutations(agents))


def test_without_agents_there_is_none() -> None:
    """A template without agents is no mistake."""
    assert select_agent(()) is None


def test_a_lone_agent_is_it() -> None:
    """Whatever its name."""
    agent = _called("anything")
    assert select_agent([agent]) is agent


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(_called("z", 1), _called("a", 2), id="display order before name"),
        pytest.param(_called("z", -1), _called("a", 0), id="negative display order"),
        pytest.param(_called("a"), _called("b"), id="name"),
        pytest.param(_called("a"), _called("B"), id="name without case, small first"),
        pytest.param(_called("A"), _called("b"), id="name without case, capital first"),
        pytest.param(_called("a_"), _called("aB"), id="name in small letters: what stands between the two alphabets comes first"),
        pytest.param(_called("DEV"), _called("dev"), id="names that differ in case alone: as written, capitals first"),
        pytest.param(_called("dev", number=1), _called("dev", number=2), id="id"),
        pytest.param(_called("dev", number=9), _called("dev", number=10), id="id as text"),
        pytest.param(_called("A", 0, 5), _called("a", 0, 1), id="the name as written before the id"),
    ],
)
def test_unmarked_the_first_is_it(first: Agent, second: Agent) -> None:
    """By display order, then name without case, then name, then id; in whatever order the platform lists them."""
    for agents in _every_order(first, second):
        assert select_agent(agents) is first


def test_sub_agents_never_count() -> None:
    """A dev container is not the chat's, even if it is first or marked."""
    root = _called("z", 9)
    for agents in _every_order(root, _called("a", 0, 2, parent=PARENT), _called("b-coderd-chat", 1, 3, parent=PARENT)):
        assert select_agent(agents) is root


def test_sub_agents_alone_are_no_choice() -> None:
    """There are agents, but none may be used, and it says so."""
    chosen = select_agent([_called("a-coderd-chat", parent=PARENT)])
    assert isinstance(chosen, NoChoice)
    assert chosen.problem == "the workspace has sub-agents only"


@pytest.mark.parametrize("name", ["dev-coderd-chat", "DEV-CODERD-CHAT", "dev-Coderd-Chat", "-coderd-chat"])
def test_the_marked_one_is_it(name: str) -> None:
    """Whatever its order; the mark is compared without case, and may be the whole name."""
    marked = _called(name, 7, 3)
    for agents in _every_order(_called("a", 0, 1), marked, _called("b", 1, 2)):
        assert select_agent(agents) is marked


@pytest.mark.parametrize("name", ["coderd-chat", "dev-coderd-chat2", "coderd-chat-dev", "dev_coderd-chat", "dev-coderd-chat "])
def test_what_does_not_end_with_the_suffix_is_not_marked(name: str) -> None:
    """The whole suffix, hyphen first, at the end."""
    first = _called("a", 0, 1)
    assert select_agent([_called(name, 1, 2), first]) is first


def test_two_marked_ones_are_no_choice() -> None:
    """Both are named, in their order, and the rule is said."""
    for agents in _every_order(_called("b-coderd-chat", 2, 1), _called("A-Coderd-Chat", 1, 2), _called("c", 0, 3)):
        chosen = select_agent(agents)
        assert isinstance(chosen, NoChoice)
        assert chosen.problem == "more than one agent is marked with -coderd-chat: A-Coderd-Chat, b-coderd-chat; only one may be"


_agents = st.lists(
    st.builds(
        _called,
        st.sampled_from(["a", "A", "b", "-coderd-chat", "x-coderd-chat", "X-CODERD-CHAT"]),
        st.integers(0, 2),
        st.integers(1, 10**6),
        parent=st.sampled_from([None, None, PARENT]),
    ),
    max_size=5,
    unique_by=lambda agent: agent.id,
)


@given(agents=_agents, chance=st.randoms(use_true_random=False))
def test_the_order_of_the_list_is_no_matter(agents: list[Agent], chance: Random) -> None:
    """The platform may list agents as it likes: the same one is chosen, or the same thing is said."""
    shuffled = list(agents)
    chance.shuffle(shuffled)
    assert select_agent(shuffled) == select_agent(agents)


@given(agents=_agents)
def test_what_is_chosen_may_be_chosen(agents: list[Agent]) -> None:
    """A root agent; a marked one if there is one; nothing only where there is nothing, or nothing clear."""
    roots = [agent for agent in agents if agent.parent_id is None]
    marked = [agent for agent in roots if agent.name.lower().endswith("-coderd-chat")]
    match select_agent(agents):
        case None:
            assert not agents
        case NoChoice():
            assert agents
            assert not roots or len(marked) > 1
        case Agent() as chosen:
            assert chosen in (marked or roots)
            assert len(marked) < 2
