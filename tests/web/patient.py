"""The example's app, with requests that wait for a minute."""

from __future__ import annotations

from examples.flask_app import app as example

example.LONGEST = 60.0
app = example.app
