"""How gunicorn ends: at once, save for a request that changes something. `gunicorn --config python:examples.flask_app.gunicorn_conf …`."""

from __future__ import annotations

from chatworkspace_web import close_at_signal
from examples.flask_app._process import end_waits

graceful_timeout = 40
"""Seconds: more than Timeouts.creating, which a request that makes a workspace may take."""


def post_worker_init(worker: object) -> None:
    """Have whoever waits in this worker answered as soon as it is told to end."""
    del worker
    close_at_signal(end_waits)
