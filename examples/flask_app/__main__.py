"""python -m examples.flask_app: the app under gunicorn, over a simulated Coder and a store in a file, until interrupted."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from chatworkspace_simulator import CoderSimulator

SERVER = (
    "gunicorn",
    "--config",
    "python:examples.flask_app.gunicorn_conf",
    "--worker-class",
    "gthread",
    "--workers",
    "2",
    "--threads",
    "4",
    "--no-control-socket",
)
LOG = (
    "Terraform 1.14.0",
    "coder_agent.main: Plan to create",
    "docker_image.main: Plan to create",
    "docker_volume.home: Plan to create",
    "docker_container.workspace: Plan to create",
    "coder_agent.main: Creating...",
    "coder_agent.main: Creation complete after 0s",
    "docker_volume.home: Creating...",
    "docker_volume.home: Creation complete after 1s",
    "docker_image.main: Creating...",
    *(f"docker_image.main: Still creating... [{seconds}s elapsed]" for seconds in range(1, 6)),
    "docker_image.main: Creation complete after 6s",
    "docker_container.workspace: Creating...",
    "docker_container.workspace: Creation complete after 1s",
    "Apply complete! Resources: 4 added, 0 changed, 0 destroyed.",
)
"""What a build says, in the manner of Terraform."""


def main(port: int) -> int:
    """Start everything; end with the server."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with CoderSimulator() as simulator, TemporaryDirectory() as folder:
        furnish(simulator)
        environment = {
            "CHATWORKSPACE_STORE": f"sqlite://{Path(folder, 'chats.db')}",
            **os.environ,
            "CODER_URL": simulator.url,
            "CODER_SESSION_TOKEN": simulator.token,
        }
        command = (sys.executable, "-m", *SERVER, "--bind", f"127.0.0.1:{port}", "examples.flask_app.app:app")
        print(f"The app: http://127.0.0.1:{port}/ - the platform: {simulator.url}/ - end with Ctrl-C.", flush=True)  # noqa: T201 # for people
        server = subprocess.Popen(command, env=environment)  # noqa: S603 # as written above
        try:
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            server.terminate()
            server.wait()


def furnish(simulator: CoderSimulator) -> None:
    """Add the template that the page asks for."""
    simulator.coder.add_template("docker", build=12, connect=3, scripts=4, stop=3, log=LOG)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m examples.flask_app", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="on 127.0.0.1 (default 8000)")
    sys.exit(main(parser.parse_args().port))
