"""What the tests of packaging share: one build for all."""

from __future__ import annotations

import pytest

from tests.packaging.installations import Built


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("built"))
