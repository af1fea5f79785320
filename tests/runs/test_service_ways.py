"""What is left out of some ways is there to be left out."""

from __future__ import annotations

import re
from pathlib import Path

from chatworkspace_fake import FakeCoder, FakeWorkspace
from chatworkspace_fake._platform.templates import TemplateSettings
from tests.adapters.local.lacks import CANNOT, DEEDS, SWITCHES
from tests.service import conftest
from tests.service.conftest import LEFT_OUT, ON_FOLDERS, PRODUCTS


def test_all_that_is_named_is_there() -> None:
    """Tests and modules by their names, and what a test may say that folders do not know."""
    modules = {path.stem: path.read_text(encoding="utf-8") for path in Path(conftest.__file__).parent.glob("test_*.py")}
    tests = set(re.findall(r"^def (test_\w+)", "".join(modules.values()), re.MULTILINE))
    assert {it.test for it in LEFT_OUT} | {*PRODUCTS} <= tests
    assert set(ON_FOLDERS) <= modules.keys()
    assert CANNOT.keys() - {"organization_id"} <= TemplateSettings.__annotations__.keys()
    assert all(hasattr(FakeCoder, it) for it in SWITCHES)
    assert all(hasattr(FakeWorkspace, it) for it in DEEDS)
