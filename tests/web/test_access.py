"""The example's page on a phone, by keyboard, for a screen reader, by day and by night: in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from chatworkspace import Transition
from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_simulator import CoderSimulator
from tests.web.access import Senses
from tests.web.browser import browser
from tests.web.page import Page
from tests.web.site import serving

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHAT = "a-chat-whose-name-has-no-place-to-be-broken-and-is-longer-than-a-phone-is-wide"
LONG = "x" * 400
PHONE, NARROW, DESK = 360, 320, 1280
ENOUGH = 4.5
"""Contrast of text by the guidelines, level AA."""


@attrs.frozen(kw_only=True)
class World:
    """The page, its senses, and what is behind it."""

    browser: Chrome
    page: Page
    senses: Senses
    coder: FakeCoder

    def type(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        from selenium.webdriver import ActionChains  # noqa: PLC0415 # not there on every interpreter

        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def builds(self) -> list[Transition]:
        """Return what was asked of the one workspace."""
        return [it.transition for it in self.coder.workspaces[0].told_builds()][::-1] if self.coder.workspaces else []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    coder = FakeCoder(ScaledClock(20))
    coder.add_template("docker", build=20, connect=1, stop=1, log=("pulling", LONG, "done"))
    with CoderSimulator(coder) as simulator, serving("gunicorn", simulator, f"sqlite://{tmp_path}/chats.db") as site, browser() as chromium:
        page = Page(chromium, site.url, CHAT)
        page.open()
        page.until(lambda: "absent" in page.state)
        yield World(browser=chromium, page=page, senses=Senses(chromium), coder=coder)


@pytest.mark.exhaustive
def test_nothing_is_cut_off_on_a_phone(world: World) -> None:
    """At 360 pixels, and at 320, before, during and after a build whose log has a long line; all that is pressed is as large as a finger."""
    page, senses = world.page, world.senses
    for width in (NARROW, PHONE, DESK):
        senses.resize(width)
        assert (width, senses.outside(), senses.small()) == (width, [], [])
    senses.resize(PHONE)
    page.press("ask")
    page.until(lambda: len(page.log) > 1)
    assert senses.outside() == []
    page.until(lambda: "is ready" in page.state)
    page.press("stop")
    for width in (NARROW, PHONE):
        senses.resize(width)
        assert (senses.outside(), senses.small()) == ([], [])


@pytest.mark.exhaustive
def test_all_text_stands_out(world: World) -> None:
    """From what is behind it, in the light and in the dark, in every state of the page."""
    page, senses = world.page, world.senses
    seen = set[str]()

    def look() -> None:
        for scheme in ("light", "dark"):
            senses.prefer(scheme)
            found = senses.contrasts()
            assert {name: contrast for name, contrast in found.items() if contrast < ENOUGH} == {}
            seen.update(found)

    look()
    page.press("ask")
    page.until(lambda: page.log)  # the build, or what comes after it where the machine is slow
    look()
    page.until(lambda: "is ready" in page.state)
    look()
    page.press("stop")
    look()
    page.press("stop-now")
    page.until(lambda: "is stopped" in page.state)
    look()
    assert seen >= {"state", "next-step", "chat", "ask", "stop", "LI", "log", "stop-now", "stopping-title"}


@pytest.mark.exhaustive
def test_by_keyboard_alone(world: World) -> None:
    """In the order of the page, with a focus that is seen; Enter presses, Escape takes back, and the focus stays where it was."""
    page, senses = world.page, world.senses
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 # as above

    order = list[str]()
    for _ in range(6):
        world.type(Keys.TAB)
        element, outline = senses.focus()
        assert outline >= 2, element
        order.append(element)
    assert order == ["chat", "open", "ask", "start", "stop", "log"]

    senses.move_to("ask")
    world.type(Keys.ENTER)
    page.until(lambda: "is ready" in page.state)
    assert senses.focus()[0] == "ask"

    world.type(Keys.ENTER)  # it cannot be pressed now
    world.type(Keys.TAB, Keys.TAB, Keys.ENTER)
    assert senses.focus()[0] == "stop-not"  # what is asked first is the harmless answer
    world.type(Keys.ESCAPE)
    assert senses.focus()[0] == "stop"
    world.type(Keys.ENTER, Keys.ENTER)
    assert senses.focus()[0] == "stop"
    assert world.builds() == [Transition.START]
    world.type(Keys.ENTER, Keys.TAB, Keys.ENTER)
    page.until(lambda: "is stopped" in page.state)
    assert world.builds() == [Transition.START, Transition.STOP]

    chat = world.browser.find_element("id", "chat")
    chat.send_keys("-other")
    chat.send_keys(Keys.ESCAPE)
    assert senses.value("chat") == CHAT
    chat.clear()
    chat.send_keys("other", Keys.ENTER)
    page.until(lambda: "chat=other" in world.browser.current_url)
    page.until(lambda: "absent" in page.state)


@pytest.mark.exhaustive
def test_for_a_screen_reader(world: World) -> None:
    """Each thing that can be used has a role and a name; how it stands is told when it changes, and the log is not read out line by line."""
    page, senses = world.page, world.senses
    tree = senses.tree()
    assert senses.nameless() == []
    named = {(role, name) for role, name, _ in tree}
    assert named >= {
        ("textbox", "Chat"),
        ("button", "Open"),
        ("button", "Give this chat a workspace"),
        ("button", "Start"),
        ("button", "Stop"),
        ("group", "What to do"),
        ("search", "Another chat"),
        ("log", "Build log"),
        ("list", "Phases"),
    }
    live = {role: properties.get("live") for role, _, properties in tree if role in ("status", "log")}
    assert live == {"status": "polite", "log": None}
    usable = {name: not properties.get("disabled") for role, name, properties in tree if role == "button"}
    assert usable == {"Open": True, "Give this chat a workspace": True, "Start": False, "Stop": False}
    assert [name for role, name, _ in tree if role == "heading"] == [f"Workspace of “{CHAT}”", "Phases", "Build log"]
    page.press("ask")
    page.until(lambda: "is ready" in page.state)
    assert "is ready" in world.browser.title
    page.press("stop")
    assert ("dialog", "Stop the workspace?") in {(role, name) for role, name, _ in senses.tree()}
    assert senses.nameless() == []


@pytest.mark.exhaustive
def test_what_is_wrong_is_seen(world: World) -> None:
    """Pale text, what is too wide or too small, a field without a name, a focus that shows nowhere: each is told by what looks for it."""
    senses = world.senses
    senses.resize(PHONE)
    senses.spoil()
    assert senses.contrasts()["state"] < ENOUGH
    assert "document" in senses.outside()
    assert senses.small() == ["open"]
    assert senses.nameless() == ["textbox"]
    senses.move_to("ask")
    assert senses.focus() == ("ask", 0)
