"""python -m examples.flask_app: the app under gunicorn, over a simulated Coder and a store in a file, until interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from chatworkspace_fake import CoderSimulator

ADDRESS = "127.0.0.1:8000"
LOG = ("Initializing the backend...", "docker_volume.home: Creating...", "docker_image.main: Still creating...", "docker_container.main: Creating...")
SERVER = ("gunicorn", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket", "--bind", ADDRESS)


def main() -> int:
    """Start everything; end with the server."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with CoderSimulator() as simulator, TemporaryDirectory() as folder:
        simulator.coder.add_template("docker", build=12, connect=3, scripts=4, stop=3, log=[f"{n:>2} {LOG[n % len(LOG)]}" for n in range(24)])
        environment = {
            "CHATWORKSPACE_STORE": f"sqlite:///{Path(folder, 'chats.db')}",
            **os.environ,
            "CODER_URL": simulator.url,
            "CODER_SESSION_TOKEN": simulator.token,
        }
        print(f"http://{ADDRESS}/ is the app, {simulator.url}/ the platform. End with Ctrl-C.", flush=True)  # noqa: T201 # for whoever started it
        server = subprocess.Popen([sys.executable, "-m", *SERVER, "examples.flask_app.app:app"], env=environment)  # noqa: S603 # as written above
        try:
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
