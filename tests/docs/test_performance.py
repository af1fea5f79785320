"""The page of what was measured tells what was wanted and what holds, and draws it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from benchmarks import page
from benchmarks.lines import Line, line_chart
from benchmarks.planning import plan

LATE = {"mean_ms": 3.0, "median_ms": 2.0, "p99_ms": 5.0, "threads": 32}
WAITING = {
    "chats": 1000,
    "idle_percent_of_a_core": 4.0,
    "requests_per_second": 2.0,
    "threads": 1001,
    "sockets": 3,
    "last_told_seconds": 2.0,
    "bare_requests_seconds": 1.0,
    "back_after_restart_seconds": 7.5,
}


def results(**more: Any) -> dict[str, Any]:
    """Return numbers of each measurement, as their files have them."""
    ways = ("one_thread", "one_thread_with_scripts", "threads", "bare_request", "bare_request_in_threads", "cold_dial", "cold_dial_with_scripts")
    ratios = {f"{name}_to_bare_request": {"median": 2.5, "p99": 9.0} for name in ("one_thread", "one_thread_with_scripts", "threads")}
    row = {"threads": 1, "creations_per_second": 700.0, "percent_of_bare": 70.0}
    bare = dict.fromkeys(("bare_port_calls_per_second", "bare_statements_per_second"), 1000.0)
    bare |= dict.fromkeys(("percent_of_bare_port_calls", "percent_of_bare_statements"), 70.0)
    return {
        "concurrent_creation": {"python": "3.11", "creations": [{**row, "bare_port_calls_per_second": 1000.0}]},
        "postgres_store": {"creations": [{**row, **bare}]},
        "told": {
            "watching": dict.fromkeys(ways, LATE),
            "polling": dict.fromkeys(("alone", "beside_long_builds", "model_system"), LATE),
            "ratios": ratios,
        },
        **more,
    }


def test_what_does_not_hold_is_said() -> None:
    """A figure on the wrong side of its goal is told as such, whether more of it is better or less."""
    told = page.page(results(many={"rows": [WAITING]}))
    lines = {line.split(" | ")[0][2:]: line for line in told.splitlines() if line.startswith("| ")}
    assert lines["creations in memory, 1 thread, of bare port calls"].endswith("| holds |")
    assert lines["creations over PostgreSQL, 1 thread, of bare statements and calls of the platform"].endswith("| **does not hold** |")
    assert lines["told after ready, watching, median, of one bare request"].endswith("| holds |")
    assert lines["told after ready, watching, p99, of one bare request"].endswith("| **does not hold** |")
    assert lines["1,000 waiting chats while nothing happens"].endswith("| holds |")
    assert lines["all streams broken at once, back after"].endswith("| **does not hold** |")


def test_each_picture_that_is_shown_is_drawn() -> None:
    """And each is an SVG; what was not measured is neither told nor drawn."""
    for numbers in (results(), results(many={"rows": [WAITING]})):
        drawn, told = page.pictures(numbers), page.page(numbers)
        assert {f"({page.FOLDER}/{name})" for name in drawn} == {part[part.index("](") + 1 :] for part in told.splitlines() if part.startswith("![")}
        for picture in drawn.values():
            ET.fromstring(picture)  # noqa: S314 # our own


def test_a_run_that_was_shortened_is_said_to_be() -> None:
    """And how busy the machine was."""
    numbers = results()
    numbers["told"]["quick"] = True
    numbers["postgres_store"]["load"] = {"before": 7.25, "after": 1.0}
    told = page.page(numbers)
    assert "**Shortened**, to see that it runs: told." in told
    assert "Up to 7.2 threads were running" in told
    assert "Shortened" not in page.page(results())


def test_what_gives_way_first() -> None:
    """The part of each is what was measured, or what the platform allows; below one whole nothing gives way."""
    few, many = plan(10, 100.0), plan(10_000, 100.0)
    assert (few.builds, few.first) == (10, "nothing; nearest is the platform's limit for one user")
    assert (round(many.per_second), round(many.store, 2), round(many.one_user)) == (167, 1.67, 20)
    assert many.first == "the platform's limit for one user"
    assert plan(10_000, 1.0).first == "the store's commits"


def test_a_logarithmic_scale() -> None:
    """Ten times as much stands the same step higher each time, and names at the ends of lines do not lie upon each other."""
    lines = [Line(label="a", points=[(1, 1), (10, 10), (100, 100)]), Line(label="b", points=[(1, 99), (100, 99)])]
    chart = ET.fromstring(line_chart("t", "x", "y", lines))  # noqa: S314 # as above
    heights = [float(it.attrib["cy"]) for it in chart.iter() if it.tag.endswith("circle")][:3]
    assert abs((heights[0] - heights[1]) - (heights[1] - heights[2])) < 0.2
    names = [float(it.attrib["y"]) for it in chart.iter() if it.tag.endswith("text") and it.text in {"a", "b"}]
    assert abs(names[0] - names[1]) >= 14
