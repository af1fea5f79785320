"""The example of an agent: a model that is scripted lists templates, makes a workspace, writes a file, runs it and reads the answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_fake import FakeCoder, RealShell
from chatworkspace_simulator import CoderSimulator
from tests.adapters.local.conftest import here
from tests.adapters.local.worlds import Home
from tests.docs.pages import blocks
from tests.packaging.runs import ROOT, clean_environment
from tests.sdks.endpoint import serving

pytestmark = pytest.mark.adapters
__all__ = ["here"]

(START,) = blocks("examples/agent_loop/README.md", "sh")
MAIN = ROOT / "examples" / "agent_loop" / "__main__.py"
SCRIPT = "total=0; for it in 1 2 3 4; do total=$((total + it)); done; echo $total\n"


def _call(number: int, name: str, **arguments: Any) -> dict[str, Any]:
    made = {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [made]}}]}


def test_it_is_small() -> None:
    """At most 80 lines."""
    assert len(MAIN.read_text().splitlines()) <= 80


def loop(folder: Path, template: str, **platform: str) -> list[dict[str, Any]]:
    """Run it with that template, and return what the model was told of its calls."""
    answers = [
        _call(1, "list_templates"),
        _call(2, "create_workspace", template_id=template),
        _call(3, "write_file", path="work/sum.sh", content=SCRIPT),
        _call(4, "execute", command="sh sum.sh >answer", workdir="work"),
        _call(5, "read_file", path="work/answer"),
        {"choices": [{"message": {"role": "assistant", "content": "It is 10."}}]},
    ]
    with serving(answers) as endpoint:
        environment = clean_environment(OPENAI_BASE_URL=f"{endpoint.url}/v1", PYTHONPATH=str(ROOT), **platform)
        command = START.replace("python ", f"{sys.executable} ", 1)
        done = subprocess.run(("sh", "-c", command), cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "It is 10.\n"), done.stderr
    assert endpoint.paths == ["/v1/chat/completions"] * 6
    assert [len(it["tools"]) for it in endpoint.asked] == [8] * 6
    results = [json.loads(it["content"]) for it in endpoint.asked[-1]["messages"] if it["role"] == "tool"]
    assert results[1]["state"] == "ready"
    assert (results[2]["bytes"], results[3]["exit_code"], results[3]["output"]) == (len(SCRIPT), 0, "")
    assert results[4]["content"] == "10\n"
    return results


def test_the_loop(tmp_path: Path) -> None:
    """Over a served platform whose agents have a real shell; every result goes back to the model, and its last words are printed."""
    (tmp_path / "agents").mkdir()
    coder = FakeCoder()
    template = coder.add_template("docker")
    coder.shell = RealShell(tmp_path / "agents")
    with CoderSimulator(coder) as simulator:
        results = loop(tmp_path, str(template.id), CODER_URL=simulator.url, CODER_SESSION_TOKEN=simulator.token)
    assert [it["name"] for it in results[0]["templates"]] == ["docker"]
    assert len(coder.live) == 1


def test_the_loop_on_this_machine(here: Home, tmp_path: Path) -> None:
    """With no server at all: a folder, and a file in it that the model's script has made."""
    results = loop(tmp_path, str(here.named("empty").id), CHATWORKSPACE_PLATFORM=f"local:{here.root}")
    assert {"empty", "python"} <= {it["name"] for it in results[0]["templates"]}
    (made,) = (here.root / "workspaces" / "me").iterdir()
    assert (made / "files" / "work" / "answer").read_text() == "10\n"
