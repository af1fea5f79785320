"""Which templates a chat may use, and which of several reasons against one is told."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import Reason
from chatworkspace._domain.templates import check_template
from tests.application.worlds import TEMPLATE, a_chat, a_template

OTHER = UUID(int=77)


@pytest.mark.parametrize(
    ("facts", "allowed", "problem"),
    [
        pytest.param({}, None, None, id="nothing against it"),
        pytest.param({}, [TEMPLATE], None, id="listed"),
        pytest.param({}, {OTHER, TEMPLATE}, None, id="listed among others"),
        pytest.param({}, [], Reason.TEMPLATE_NOT_ALLOWED, id="an empty list allows none"),
        pytest.param({}, (OTHER,), Reason.TEMPLATE_NOT_ALLOWED, id="not listed"),
        pytest.param({"agents_allowed": False}, None, Reason.TEMPLATE_NOT_ALLOWED, id="the platform says it is not for chats"),
        pytest.param({"agents_allowed": False}, [TEMPLATE], Reason.TEMPLATE_NOT_ALLOWED, id="a list does not overrule the platform"),
        pytest.param({"organization_id": OTHER}, None, Reason.OTHER_ORGANIZATION, id="of another organization"),
        pytest.param({"deprecated": True}, None, Reason.TEMPLATE_DEPRECATED, id="deprecated"),
        pytest.param({"external_agent": True}, None, Reason.TEMPLATE_EXTERNAL_AGENT, id="with an external agent"),
    ],
)
def test_who_may_use_a_template(facts: dict[str, Any], allowed: Collection[UUID] | None, problem: Reason | None) -> None:
    """No list allows all, an empty one none; a list narrows down and never widens."""
    assert check_template(a_template(**facts), a_chat(), allowed) is problem


def test_the_weightiest_reason_is_told() -> None:
    """Organization, then permission, then deprecation, then the external agent, in all their combinations."""
    for elsewhere, forbidden, unlisted, deprecated, external in product((False, True), repeat=5):
        template = a_template(
            organization_id=OTHER if elsewhere else a_chat().organization_id,
            agents_allowed=not forbidden,
            deprecated=deprecated,
            external_agent=external,
        )
        ranked = [
            (elsewhere, Reason.OTHER_ORGANIZATION),
            (forbidden or unlisted, Reason.TEMPLATE_NOT_ALLOWED),
            (deprecated, Reason.TEMPLATE_DEPRECATED),
            (external, Reason.TEMPLATE_EXTERNAL_AGENT),
        ]
        first = next((reason for holds, reason in ranked if holds), None)
        assert check_template(template, a_chat(), [] if unlisted else [TEMPLATE]) is first


def test_a_list_is_asked_by_id() -> None:
    """Two templates of one name are two."""
    assert check_template(a_template(id=OTHER), a_chat(), [TEMPLATE]) is Reason.TEMPLATE_NOT_ALLOWED
