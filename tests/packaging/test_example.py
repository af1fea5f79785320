"""The line of its page starts the example, from nothing but Python and a checkout."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.docs.pages import blocks
from tests.packaging.runs import LEFT_OUT, ROOT, clean_environment
from tests.sockets import free_port

pytestmark = pytest.mark.packaging

(EXAMPLE,) = blocks("examples/flask_app/README.md", "sh")

PATIENCE = 300.0
"""Seconds to make the environment, and to start."""


@pytest.mark.exhaustive
def test_the_example_starts_as_written(tmp_path: Path) -> None:
    """Its page asks for a workspace, and a signal ends all of it."""
    shutil.copytree(ROOT, tmp_path / "checkout", ignore=LEFT_OUT)
    port = free_port()
    command = ("bash", "-c", f"{EXAMPLE.strip()} --port {port}")
    with (tmp_path / "said").open("w+") as said:
        started = subprocess.Popen(command, cwd=tmp_path / "checkout", env=clean_environment(), stdout=said, stderr=said, start_new_session=True)
        try:
            over = time.monotonic() + PATIENCE
            while not _answers(port):
                assert started.poll() is None, (tmp_path / "said").read_text()
                assert time.monotonic() < over
                time.sleep(0.2)
            asked = Request(f"http://127.0.0.1:{port}/chats/a/workspace", b'{"template": "docker"}', {"Content-Type": "application/json"})  # ours
            with urlopen(asked, timeout=30) as answer:  # noqa: S310 # as above
                assert json.load(answer)["phase"] == "building"
        finally:
            os.killpg(started.pid, signal.SIGTERM)
            started.wait(60)
        assert not _answers(port)
        assert "Traceback" not in (tmp_path / "said").read_text()


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:  # the server that was started here
            return bool(answer.read() == b"ok\n")
    except OSError:
        return False
