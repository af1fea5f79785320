"""The vendors' recipes of `docs/how-to/` agree with the types of the vendors' own packages: pyright reads each block."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks

pytestmark = pytest.mark.sdks

MODES = {"anthropic": "strict", "langchain": "standard", "openai": "strict", "pydantic-ai": "standard"}
"""Strict, but where a vendor's own functions have parts that no type is known of."""
BEFORE = (
    "from chatworkspace import ChatWorkspaces\nfrom chatworkspace_fake import Simulation\n\nworkspaces: ChatWorkspaces = Simulation(0).workspaces\n"
)
"""What a block takes from the README."""
SETTINGS = {"extraPaths": [str(ROOT), str(ROOT / "adapters")], "pythonVersion": "3.10"}


def pyright(folder: Path, code: str, mode: str) -> list[str]:
    """Return what it finds in this code, in a mode of its own."""
    (folder / "recipe.py").write_text(code, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text(json.dumps({**SETTINGS, "typeCheckingMode": mode, "include": ["recipe.py"]}), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    told = json.loads(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout)
    assert told["summary"]["filesAnalyzed"] == 1, told
    return [f"{it['range']['start']['line'] + 1}: {it['severity']}: {it['message']}" for it in told["generalDiagnostics"]]


@pytest.mark.parametrize(("page", "number"), [(page, number) for page in MODES for number in range(len(blocks(f"docs/how-to/{page}.md", "python")))])
def test_a_recipe_is_well_typed(page: str, number: int, tmp_path: Path) -> None:
    """As a user pastes it, below what it takes from the README or from the block before."""
    code = blocks(f"docs/how-to/{page}.md", "python")
    assert pyright(tmp_path, BEFORE + "\n".join(code[: number + 1] if page == "langchain" else code[number : number + 1]), MODES[page]) == []


def test_a_mistake_in_a_recipe_is_found(tmp_path: Path) -> None:
    """The vendors' types are there, and are looked at: a number in place of a model's name is rejected."""
    code = blocks("docs/how-to/anthropic.md", "python")[0]
    assert len(pyright(tmp_path, BEFORE + code.replace('model="claude-sonnet-5"', "model=5"), "strict")) > 0
