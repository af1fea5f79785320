"""How far a follower is, as text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatworkspace import Phase
from chatworkspace._domain.places import Place, parse

NUMBERS = st.integers(0, 10**18 - 1)
PLACES = st.builds(Place, generation=NUMBERS, build=NUMBERS, phase=st.none() | st.sampled_from(Phase), queue=NUMBERS, line=NUMBERS)


@given(PLACES)
def test_a_cursor_names_its_place(place: Place) -> None:
    """Whatever the place is; and the text can stand in a header or an address as it is."""
    assert parse(place.text) == place
    assert set(place.text) <= set("abcdefghijklmnopqrstuvwxyz0123456789.")


@pytest.mark.parametrize(
    "text", ["", "1", "1.2.building.3", "1.2.building.3.4.5", "1.2.nothing.3.4", "-1.2.building.3.4", "1.2.building.3.4\n", "\u0661.2..3.4"]
)
def test_what_is_no_cursor(text: str) -> None:
    """It names no place."""
    assert parse(text) is None


@given(st.text())
def test_any_text(text: str) -> None:
    """It is told from a cursor, whatever it is."""
    place = parse(text)
    assert place is None or isinstance(place, Place)
