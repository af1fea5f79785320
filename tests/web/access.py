"""What a page is to those who do not see it, or see it small, by night, or use no mouse: measured in the browser that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

INTERACTIVE = frozenset({"button", "textbox", "link", "checkbox", "combobox", "searchbox"})
CONTRAST = """
const channels = (colour) => { const found = colour.match(/[\\d.]+/g).map(Number); return found.length < 4 ? [...found, 1] : found; };
const over = (front, back) => [0, 1, 2].map((it) => front[it] * front[3] + back[it] * (1 - front[3])).concat(1);
const lightness = (colour) => {
  const [r, g, b] = colour.map((it) => it / 255).map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  const layers = [];
  for (let it = element; it; it = it.parentElement) layers.push(channels(getComputedStyle(it).backgroundColor));
  return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255, 1]);
};
const shown = [...document.querySelectorAll("body *")].filter((it) => it.checkVisibility() && it.tagName !== "SCRIPT" && it.tagName !== "NOSCRIPT"
  && (it.tagName === "INPUT" || [...it.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())));
return shown.map((it) => {
  const back = behind(it), front = over(channels(getComputedStyle(it).color), back);
  const [light, dark] = [lightness(front), lightness(back)].sort((one, other) => other - one);
  return [it.id || it.tagName, (light + 0.05) / (dark + 0.05)];
});
"""
"""As the Web Content Accessibility Guidelines compute it: of each element with text of its own."""
OUTSIDE = """
return [...document.querySelectorAll("body *")].filter((it) => it.checkVisibility())
  .filter((it) => { const box = it.getBoundingClientRect(); return box.width && (box.left < -0.5 || box.right > innerWidth + 0.5); })
  .map((it) => it.id || it.tagName);
"""
FOCUS = """
const it = document.activeElement, style = getComputedStyle(it);
return [it.id, it.matches(":focus-visible") && style.outlineStyle !== "none" ? parseFloat(style.outlineWidth) : 0];
"""
SPOILED = """
const style = (id, text) => { document.getElementById(id).style.cssText = text; };
style("state", "color: #999; background: #fff");
style("log", "width: 500px");
style("open", "min-height: 20px; height: 20px; padding: 0");
style("ask", "outline: none");
document.querySelector("label").remove();
document.getElementById("chat").removeAttribute("title");
"""
SMALL = """
return [...document.querySelectorAll("button, input")].filter((it) => it.checkVisibility())
  .filter((it) => it.getBoundingClientRect().height < 44).map((it) => it.id);
"""


class Senses:
    """What is perceived of the page of a browser's open tab."""

    def __init__(self, browser: Chrome) -> None:
        self._browser: Any = browser

    def resize(self, width: int, height: int = 740) -> None:
        """Show it as a phone of this many pixels does; 0: as the window is."""
        if not width:
            self._browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            return
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": False}  # a mobile one zooms out for what is too wide
        self._browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """Show it to somebody who prefers `light` or `dark`."""
        self._browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def contrasts(self) -> dict[str, float]:
        """Return of each text how it stands out from what is behind it: 1, not at all, to 21."""
        return dict(self._browser.execute_script(CONTRAST))

    def outside(self) -> list[str]:
        """Return what reaches beyond the window's sides."""
        wide = ["document"] if self._browser.execute_script("return document.documentElement.scrollWidth > innerWidth") else []
        return [*wide, *self._browser.execute_script(OUTSIDE)]

    def small(self) -> list[str]:
        """Return what is lower than a finger needs, 44 pixels."""
        return list(self._browser.execute_script(SMALL))

    def focus(self) -> tuple[str, float]:
        """Return which element has the keyboard, and how thick its outline is, in pixels."""
        element, outline = self._browser.execute_script(FOCUS)
        return element, outline

    def move_to(self, element: str) -> None:
        """Let the element of this id have the keyboard."""
        self._browser.execute_script("document.getElementById(arguments[0]).focus()", element)

    def spoil(self) -> None:
        """Make the page bad in each way that is looked for."""
        self._browser.execute_script(SPOILED)

    def value(self, element: str) -> str:
        """Return what a field holds."""
        return str(self._browser.execute_script("return document.getElementById(arguments[0]).value", element))

    def tree(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return role, name and properties of all that a screen reader is given."""
        nodes = self._browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        return [_told(it) for it in nodes if not it.get("ignored") and it.get("role")]

    def nameless(self) -> list[str]:
        """Return the roles of what may be pressed or filled in, and has no name."""
        return [role for role, name, _ in self.tree() if role in INTERACTIVE and not name]


def _told(node: Any) -> tuple[str, str, dict[str, Any]]:
    properties = {it["name"]: it["value"].get("value") for it in node.get("properties", [])}
    return node["role"]["value"], node.get("name", {}).get("value", ""), properties
