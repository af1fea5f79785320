"""docs/reference/rules.md, the tests and the code tell of the same rules: by their numbers, the names of what is told, sizes and times."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatworkspace._application.connecting import RESERVE
from chatworkspace._application.waiting import DIAL_PAUSE
from chatworkspace._domain.ranking import DELETED, HALF_LIFE, PERSONAL
from chatworkspace._domain.redaction import RUN
from chatworkspace._tools.definitions import TOOLS
from chatworkspace._tools.template_results import DESCRIPTION, EXCERPT, MOST_BYTES_OF_LIST, PAGE, QUESTION, README
from chatworkspace._tools.template_results import MOST_BYTES as MOST_BYTES_OF_TEMPLATE
from chatworkspace._tools.workspace_results import MOST_BYTES
from chatworkspace.timeouts import Timeouts

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/reference/rules.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([A-Z]\d\d) \| (.+) \|$", DOCUMENT, flags=re.MULTILINE)
RULES = dict(ROWS)
WORDS = {2: "two", 5: "five", 8: "eight", 10: "ten"}
KIB = 1024
TIMES = "\N{MULTIPLICATION SIGN}"
NAMED = set(re.findall(r"\b[a-z_]+\b", " ".join(re.findall(r"`([^`]+)`", DOCUMENT))))
"""Every word of the page that is written as code."""
RESULTS = ("template_results.py", "workspace_results.py")
"""Modules that put results together."""
NOT_OF_THE_TOOLS = {"dial", "tests", "start_timeout"}
"""Words of the page that name something else: a call, a folder, and a lifecycle of the model."""


def numbers_in_names() -> set[str]:
    """Return the numbers that stand in the names of tests."""
    names = [
        name for path in Path(__file__).parent.glob("test_*.py") for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    ]
    return {number.upper() for name in names for number in re.findall(r"_([a-z]\d\d)(?=_)", name)}


def test_every_rule_has_a_test_and_every_number_is_a_rule() -> None:
    """A rule without a test is a wish; a number without a rule is a leftover."""
    assert set(RULES) == numbers_in_names()


def test_no_number_stands_twice() -> None:
    """Each rule has one line, and each line of the tables is understood by these tests."""
    assert len(ROWS) == len(RULES) == len(re.findall(r"^\| [A-Z]\d\d ", DOCUMENT, re.MULTILINE))


@pytest.mark.parametrize(
    ("rule", "stated"),
    [
        ("G11", f"at most {MOST_BYTES:,} bytes"),
        ("G15", f"run of {WORDS[RUN]} characters"),
        ("L02", f"{WORDS[PAGE].capitalize()} a `page`"),
        ("L03", f"`description` ({DESCRIPTION} characters)"),
        ("L03", f"`readme_excerpt` ({EXCERPT:,})"),
        ("L04", f"{EXCERPT:,} characters"),
        ("L04", f"A page has {MOST_BYTES_OF_LIST // KIB} KiB"),
        ("L07", f"{PERSONAL:g} {TIMES} (live + {DELETED:g} {TIMES} deleted) {TIMES} 0.5^(age / {HALF_LIFE / 86_400:g} days)"),
        ("L19", f"after {WORDS[int(Timeouts().build / 60)]} minutes"),
        ("R02", f"{README:,} characters"),
        ("R02", f"in all {MOST_BYTES_OF_TEMPLATE // KIB} KiB"),
        ("R03", f"`description` ({QUESTION} characters)"),
        ("N02", f"after {DIAL_PAUSE:g} s"),
        ("N03", f"lost for {Timeouts().lost_after:g} s"),
        ("N06", f"leaves {RESERVE:g} s"),
    ],
)
def test_sizes_and_times_are_those_of_the_code(rule: str, stated: str) -> None:
    """Whoever changes one changes the page."""
    assert stated in RULES[rule]


def sources() -> Iterator[tuple[str, ast.AST]]:
    """Yield every node of the modules that tools are made of, with the module's name."""
    for path in (*(ROOT / "chatworkspace/_tools").glob("*.py"), ROOT / "chatworkspace/toolbox.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.name, node


def keys_of(node: ast.AST) -> Iterator[str]:
    """Yield the keys that a node writes into a result."""
    written: list[ast.expr | None] = []
    match node:
        case ast.Dict(keys=keys):
            written = list(keys)
        case ast.Assign(targets=targets):
            written = [it.slice for it in targets if isinstance(it, ast.Subscript)]
        case _:
            pass
    yield from (it.value for it in written if isinstance(it, ast.Constant) and isinstance(it.value, str))


def words_of(node: ast.AST) -> Iterator[str]:
    """Yield the words that a node has: of its text, or its name."""
    match node:
        case ast.Constant(value=str(text)):
            yield from re.findall(r"\w+", text)
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            yield name
        case _:
            pass


def test_every_field_of_a_result_is_in_a_rule() -> None:
    """Under its own name."""
    told = {key for module, node in sources() if module in RESULTS for key in keys_of(node)}
    assert len(told) > 50, "the results are put together elsewhere"
    assert told - NAMED == set()


def test_every_name_in_a_rule_is_one_of_the_code() -> None:
    """Of a field, a value, an argument or a call: none is left over from what was."""
    known = {word for _, node in sources() for word in words_of(node)}
    assert NAMED - known == NOT_OF_THE_TOOLS


def test_each_tool_has_its_rules() -> None:
    """Under a title of its own."""
    assert {tool.name for tool in TOOLS} <= set(re.findall(r"^## (\w+)$", DOCUMENT, re.MULTILINE))
