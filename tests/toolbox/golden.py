"""Write the golden files of the tools' definitions anew: `python -m tests.toolbox.golden`. Read the difference before it is committed."""

from __future__ import annotations

import json
from pathlib import Path

from chatworkspace._tools.vendors import FORMS, specs

if __name__ == "__main__":
    folder = Path(__file__).parent / "golden"
    folder.mkdir(exist_ok=True)
    for form in FORMS:
        (folder / f"{form}.json").write_text(json.dumps(specs(form), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
