"""Lets failed asserts of the suites show their values, as those of test modules do."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.contract.clock", "tests.contract.creator", "tests.contract.dialer", "tests.contract.store")
