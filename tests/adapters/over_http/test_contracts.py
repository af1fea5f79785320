"""The client of Coder keeps the contracts over HTTP, with a server of each level."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.contract.creator import CreatorFactory, WatchContract, WorkspaceCreatorContract
from tests.contract.dialer import AgentDialerContract, DialerFactory
from tests.contract.factories import creators_over_http, dialers_over_http


class TestCoderClient(WorkspaceCreatorContract, WatchContract):
    """As a creator, which can watch at every level."""

    @pytest.fixture
    def creator_factory(self, stack: ExitStack, level: str) -> CreatorFactory:
        """Give fresh platforms."""
        return creators_over_http(stack, level)


class TestCoderClientAsDialer(AgentDialerContract):
    """As a dialer, through PTYs."""

    @pytest.fixture
    def dialer_factory(self, stack: ExitStack, level: str) -> DialerFactory:
        """Give fresh platforms."""
        return dialers_over_http(stack, level)
