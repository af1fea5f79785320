"""docs/how-to/networks.md tells the truth: each block runs as it stands, in the network of which it speaks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chatworkspace_coder import CoderClient, Found
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.worlds import TOKEN
from tests.adapters.coder.certificates import Certificates
from tests.adapters.coder.server import soon
from tests.adapters.middleboxes import QUOTED, Company, company
from tests.docs.pages import languages
from tests.packaging.runs import ROOT

BLOCKS = languages("docs/how-to/networks.md")


def _files(inside: Company, folder: Path) -> None:
    for path, name in ((inside.ca_file, "company.pem"), (inside.client_cert, "ana.pem"), (inside.client_key, "ana.key")):
        shutil.copy(path, folder / name)


def _run_python(code: str, inside: Company, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a block of Python, whose proxy's name becomes where ours is."""
    names: dict[str, object] = {"token": TOKEN, "proxy": inside.proxy_url}
    code = code.replace("proxy.company.example:3128", f"127.0.0.1:{inside.proxy.port}")
    exec(compile(code, "networks.md", "exec"), names)  # noqa: S102 # our own page
    coder, said = names.get("coder"), capsys.readouterr().out
    if isinstance(coder, CoderClient):
        with coder:
            found = coder.about.server(soon()).found
        # the first has no certificate of its own yet, and the server wants one
        assert found is (Found.NOTHING if "headers" in code else Found.CODER)
    for told, expected in re.findall(r"print\((\w+)\)  # (.*)", code):
        assert told
        assert said == f"{expected}\n"


def _run_shell(code: str, inside: Company, simulator: CoderSimulator, folder: Path) -> None:
    """Run a block of a shell's, with nothing set but where the server is."""
    program = folder / "chatworkspace"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chatworkspace_cli "$@"\n')
    program.chmod(0o700)
    environment = {
        "PATH": f"{folder}{os.pathsep}{os.defpath}",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters"))),
        "HOME": str(folder),
        "CODER_URL": inside.url,
        "CODER_SESSION_TOKEN": TOKEN,
        "PROXY": inside.proxy_url,
    }
    before = len(simulator.requests)
    done = subprocess.run(["/bin/sh", "-ec", code], env=environment, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(simulator.requests) > before
    assert not [it for it in (QUOTED, TOKEN) if it in done.stdout + done.stderr]


def test_there_are_blocks_of_each_kind() -> None:
    """All are run below."""
    assert [language for language, _ in BLOCKS] == ["python", "python", "sh", "sh", "python"]


@pytest.mark.skipif(sys.platform == "win32", reason="no shell of that kind")
def test_each_block_runs(tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One after another, as they stand."""
    monkeypatch.chdir(tmp_path)
    with CoderSimulator(tokens={TOKEN: OWNER}) as simulator, company(int(simulator.url.rpartition(":")[2]), certificates) as inside:
        _files(inside, tmp_path)
        for language, code in BLOCKS:
            if language == "python":
                _run_python(code, inside, capsys)
            else:
                _run_shell(code, inside, simulator, tmp_path)
