"""The page of what was measured: docs/explanation/performance.md and its pictures, from the numbers that `python -m benchmarks` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.concurrent_creation import threads_of
from benchmarks.lines import Line, line_chart
from benchmarks.planning import planning

Results = Mapping[str, Mapping[str, Any]]
"""The numbers of each measurement, by its name."""
FOLDER = "performance"
"""Of the pictures, beside the page."""
THOUSAND = 1000


def pictures(results: Results) -> dict[str, str]:
    """Return the SVG of each picture, by its name."""
    drawn = {"throughput.svg": throughput(results), "told.svg": told(results)}
    return drawn | ({"waiting.svg": waiting(results["many"]["rows"])} if "many" in results else {})


def throughput(results: Results) -> str:
    """Draw creations a second over threads, beside the bare calls."""
    memory, postgres = results["concurrent_creation"]["creations"], results["postgres_store"]["creations"]
    return line_chart(
        "Creations a second, beside the same calls without the library",
        "threads",
        "creations a second",
        [
            Line(label="in memory", points=points(memory, "creations_per_second")),
            Line(label="bare port calls", points=points(memory, "bare_port_calls_per_second"), baseline=True),
            Line(label="over PostgreSQL", points=points(postgres, "creations_per_second")),
            Line(label="bare statements and platform", points=points(postgres, "bare_port_calls_per_second"), baseline=True),
        ],
    )


def points(rows: Sequence[Mapping[str, float]], key: str, across: str = "threads") -> list[tuple[float, float]]:
    """Return these values of each row, over its number of threads or chats; the axes have no place for zero."""
    return [(row[across], max(row[key], 0.001)) for row in rows]


def told(results: Results) -> str:
    """Draw how late callers are told, by the share of them that is told no later."""
    watching, polling = results["told"]["watching"], results["told"]["polling"]
    rows = [
        ("watching", watching["one_thread"], False),
        (f"watching, {watching['threads']['threads']} threads", watching["threads"], False),
        ("polling", polling["alone"], False),
        ("polling every 2 s", polling["model_system"], True),
        ("a bare request", watching["bare_request"], True),
    ]
    return line_chart(
        "From being ready to being told",
        "of a hundred callers (the middle one, and the slowest but one)",
        "milliseconds",
        [Line(label=name, points=[(50, row["median_ms"]), (99, row["p99_ms"])], baseline=baseline) for name, row, baseline in rows],
    )


def waiting(rows: Sequence[Mapping[str, float]]) -> str:
    """Draw what many waiting chats cost, over their number."""
    return line_chart(
        "What chats cost that wait, in one process",
        "chats that wait",
        "",
        [
            Line(label="% of a core, idle", points=points(rows, "idle_percent_of_a_core", "chats")),
            Line(label="requests a second", points=points(rows, "requests_per_second", "chats")),
            Line(label="last one told after (s)", points=points(rows, "last_told_seconds", "chats")),
            Line(label="as many bare requests (s)", points=points(rows, "bare_requests_seconds", "chats"), baseline=True),
        ],
    )


# ---------------------------------------------------------------- the page


def page(results: Results) -> str:
    """Return the page, in Markdown."""
    parts = [INTRODUCTION.format(python=results["concurrent_creation"]["python"]), *how_it_was_made(results), *goals(results)]
    parts += [*creating(results), *telling(results), *(cost_of_waiting(results) if "many" in results else []), *planning(results)]
    return "\n".join(parts)


INTRODUCTION = """# How fast is it, and what does it cost?

`python -m benchmarks` made this page, in a checkout, with Python {python}. All numbers are in `benchmarks/*.json`, with
the load of the machine. Every figure stands beside a baseline of the same run: figures of different machines do not compare, ratios do. What is
counted and not timed (function calls, statements, requests, threads) is asserted by tests.
"""


def how_it_was_made(results: Results) -> list[str]:
    """Tell of what the figures have to be read with: a run that was shortened, a machine that was busy."""
    short = [name for name, it in results.items() if it.get("quick")]
    busiest = max((it["load"]["before"] for it in results.values() if "load" in it), default=0.0)
    said = [f"- **Shortened**, to see that it runs: {', '.join(short)}. With so few rounds a figure says little."] if short else []
    return [
        *said,
        f"- Up to {busiest:.1f} threads were running when a measurement began (the load): above the number of cores, neighbours were measured, too.",
        "",
    ]


def goals(results: Results) -> list[str]:
    """Tell which goals hold, and which do not."""
    rows = [
        f"| {what} | {shown(value)} {unit} | {'at least' if more else 'at most'} {shown(goal)} {unit} | {held(value, goal, more=more)} |"
        for what, value, unit, goal, more in wanted(results)
    ]
    return ["## What was wanted, and does it hold?", "", "| what | measured | wanted | |", "|---|---|---|---|", *rows, ""]


def held(value: float, goal: float, *, more: bool) -> str:
    """Say whether a goal is met."""
    return "holds" if (value >= goal if more else value <= goal) else "**does not hold**"


Wanted = tuple[str, float, str, float, bool]
"""What, its value, the unit, the goal, and whether more is better."""


def wanted(results: Results) -> list[Wanted]:
    """Return what was wanted."""
    return [*of_creating(results), *of_telling(results["told"]), *of_waiting(results.get("many", {}).get("rows", []))]


def of_creating(results: Results) -> list[Wanted]:
    """Return what was wanted of creations."""
    memory, postgres = results["concurrent_creation"]["creations"], results["postgres_store"]["creations"]
    return [
        (
            f"creations in memory, {threads_of(row['threads'])}, of bare port calls",
            row["percent_of_bare"],
            "%",
            62.0 if row["threads"] == 1 else 58.0,
            True,
        )
        for row in memory
    ] + [
        (
            f"creations over PostgreSQL, {threads_of(row['threads'])}, of bare statements and calls of the platform",
            row["percent_of_bare_port_calls"],
            "%",
            92.0,
            True,
        )
        for row in postgres
    ]


def of_telling(numbers: Mapping[str, Any]) -> list[Wanted]:
    """Return what was wanted of telling."""
    rows = (
        ("one_thread_to_bare_request", "told after ready, watching", (3.0, 6.0)),
        ("threads_to_bare_request", f"the same in {numbers['watching']['threads']['threads']} threads", (5.0, 12.0)),
    )
    ways = (("alone", "polling"), ("beside_long_builds", "polling beside long builds"))
    return [
        (f"{what}, {of}, of one bare request", numbers["ratios"][name][of], "times", limit, False)
        for name, what, limits in rows
        for of, limit in zip(("median", "p99"), limits, strict=True)
    ] + [(f"told after ready, {what}, mean", numbers["polling"][name]["mean_ms"], "ms", 300.0, False) for name, what in ways]


def of_waiting(rows: Sequence[Mapping[str, float]]) -> list[Wanted]:
    """Return what was wanted of many chats that wait."""
    return [
        goal
        for row in rows
        if row["chats"] == THOUSAND
        for goal in (
            ("1,000 waiting chats while nothing happens", row["idle_percent_of_a_core"], "% of a core", 10.0, False),
            ("the last of 1,000 told, of as many bare requests", row["last_told_seconds"] / row["bare_requests_seconds"], "times", 3.0, False),
            ("all streams broken at once, back after", row["back_after_restart_seconds"], "s", 5.0, False),
        )
    ]


def creating(results: Results) -> list[str]:
    """Tell how many creations a second there are."""
    memory, postgres = results["concurrent_creation"]["creations"], results["postgres_store"]["creations"]
    baselines = (
        ("in memory", memory, "port calls", "bare_port_calls_per_second", "percent_of_bare"),
        ("PostgreSQL", postgres, "statements and calls of the platform", "bare_port_calls_per_second", "percent_of_bare_port_calls"),
        ("PostgreSQL", postgres, "statements alone", "bare_statements_per_second", "percent_of_bare_statements"),
    )
    rows = [
        f"| {store} | {threads_of(row['threads'])} | {row['creations_per_second']:,.0f} | {what} | {row[key]:,.0f} | {row[percent]:.0f} % |"
        for store, of, what, key, percent in baselines
        for row in of
    ]
    return [
        "## How many workspaces a second can one process make?",
        "",
        "Over a platform in memory that builds at once, so that only the library and its store are measured. The baseline makes the very same",
        "calls of the ports, with values of its own, and nothing else: no claim is checked, no plan is settled, nobody is told. Over PostgreSQL",
        "it asks the platform as often as a creation does, for the platform's work is done in this process, and takes time of the same interpreter;",
        "what the statements alone reach, which make no workspace, stands beside it.",
        "",
        f"![creations a second over threads, beside the bare calls]({FOLDER}/throughput.svg)",
        "",
        "| store | threads | creations a second | baseline | a second | of the baseline |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def telling(results: Results) -> list[str]:
    """Tell how soon callers are told."""
    watching, polling = results["told"]["watching"], results["told"]["polling"]
    names = (
        ("a bare request (baseline)", watching["bare_request"]),
        ("a bare request, in as many threads (baseline)", watching["bare_request_in_threads"]),
        ("watching", watching["one_thread"]),
        ("watching, with startup scripts", watching["one_thread_with_scripts"]),
        (f"watching, {watching['threads']['threads']} threads", watching["threads"]),
        ("an agent that was never dialled", watching["cold_dial"]),
        ("the same, with scripts of a second or more", watching["cold_dial_with_scripts"]),
        ("polling", polling["alone"]),
        ("polling beside long builds", polling["beside_long_builds"]),
        ("polling every 2 s, as the model system does (baseline)", polling["model_system"]),
    )
    rows = [f"| {name} | {shown(row['median_ms'])} | {shown(row['mean_ms'])} | {shown(row['p99_ms'])} |" for name, row in names]
    return [
        "## How soon is a caller told that its workspace is ready?",
        "",
        "Over HTTP on one machine, the server in a process of its own; from the instant at which the workspace is ready on the platform to the",
        "return of `create()`. Telling takes one request, the dial that proves the agent, so nothing is told sooner than one bare request takes.",
        "A server that cannot be watched is polled. The first dial of an agent takes a real server some hundred milliseconds: that is the",
        "platform's, and has lines of its own.",
        "",
        f"![how late callers are told, on a logarithmic scale]({FOLDER}/told.svg)",
        "",
        "| how | median, ms | mean, ms | 99th percentile, ms |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def cost_of_waiting(results: Results) -> list[str]:
    """Tell what many waiting chats cost."""
    rows, kept = results["many"]["rows"], results["postgres_store"].get("waiting")
    told_of = [
        f"| {row['chats']:,.0f} | {shown(row['idle_percent_of_a_core'])} % | {shown(row['requests_per_second'])} | {row['threads']:.0f} "
        f"| {row['sockets']:.0f} | {shown(row['last_told_seconds'])} s | {shown(row['bare_requests_seconds'])} s "
        f"| {shown(row['back_after_restart_seconds'])} s |"
        for row in rows
    ]
    return [
        "## What do chats cost that wait?",
        "",
        "One process, one owner, builds that take long; then all become ready within a second.",
        "",
        *(held_meanwhile(kept) if kept else []),
        f"![what waiting chats cost, over their number]({FOLDER}/waiting.svg)",
        "",
        "| chats | of a core, idle | requests a second | threads | sockets | last one told after | as many bare requests | back after a restart |",
        "|---|---|---|---|---|---|---|---|",
        *told_of,
        "",
    ]


def held_meanwhile(kept: Mapping[str, Any]) -> list[str]:
    """Tell what of the database waiting chats hold."""
    build, locks = kept["for_a_build"], kept["by_advisory_locks"]["connections_in_use_least"]
    return [HELD.format(chats=kept["chats"], mean=shown(build["connections_in_use_mean"]), most=build["connections_in_use_most"], locks=locks), ""]


HELD = """With the chats in PostgreSQL, by samples: while {chats:,} waited for their builds, {mean} connections were in use in the mean,
and {most:.0f} at most. A lock that a session holds for each would take {locks:,} (baseline)."""


def shown(value: float) -> str:
    """Return as many digits as somebody reads."""
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"
