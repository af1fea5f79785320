"""What all tests share: the library's own pytest plugin, loaded from the checkout where it is not installed."""

from __future__ import annotations

import pytest

from chatworkspace_fake import pytest_plugin

# before anybody imports them: an assertion that fails in a suite is to show its values
pytest.register_assert_rewrite("tests.contract.clock", "tests.contract.creator", "tests.contract.dialer", "tests.contract.store")


def pytest_configure(config: pytest.Config) -> None:
    """Load the plugin unless its entry point has."""
    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin, "chatworkspace")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have told, whichever process they ran in."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.getreports(key)]
    for report in reports:
        for name, value in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(value))
