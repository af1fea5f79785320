"""Examples that --help ends with. Each is a line that is understood as it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chatworkspace_cli._printing import help_width

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "create": (
        "create --chat thread-42 --template docker",
        "create --chat thread-42 --template gpu --preset Large --param region=us --replace",
        "create --chat thread-42 --template docker --wait 0 --json",
    ),
    "start": ("start --chat thread-42",),
    "stop": ("stop --chat thread-42 --wait 60",),
    "attach": ("attach --chat thread-42 my-workspace",),
    "detach": ("detach --chat thread-42",),
    "close": ("close --chat thread-42",),
    "delete": ("delete --chat thread-42", "delete --chat thread-42 my-workspace --json"),
    "sweep": ("sweep", "sweep --delete ffed9235-288b-4781-ae66-267594c9c950"),
    "purge": ("purge --older-than 90",),
    "status": ("status --chat thread-42", "status --chat thread-42 --json"),
    "follow": ("follow --chat thread-42", "follow --chat thread-42 --json"),
    "why": ("why --chat thread-42",),
    "list": ("list", "list --all --json"),
    "templates": ("templates", "templates --proxy http://proxy.example.com:3128 --ca-file company.pem"),
    "exec": ("exec --chat thread-42 ls -la", "exec --chat thread-42 'cd src && make'", "exec --chat thread-42 --timeout 600 -- ./build.sh --all"),
    "doctor": ("doctor", "doctor --proxy environment"),
    "check": ("check --template docker", "check --template docker --rule creator.names.taken"),
    "mcp": ("mcp", "mcp --chat thread-42 --wait 45"),
    "upgrade": ("db upgrade --dsn-file dsn.txt",),
    "backup": ("db backup copy.db",),
    "demo": ("demo", "demo --fast --seed 7"),
    "run": ("run calls.jsonl --fast", "run calls.jsonl --platform local:workspaces --hands --allow-unsandboxed"),
    "simulator": ("simulator", "simulator --port 0 --level 2.24 --speed 60"),
}


def examples(command: str) -> str | None:
    """Return what the help of a command ends with; None: it has no examples."""
    lines = EXAMPLES.get(command)
    return None if lines is None else "examples:\n" + "".join(f"{_typed(line, help_width())}\n" for line in lines)


def _typed(line: str, width: int) -> str:
    """Return a line in rows of a terminal, which a shell takes for one line: no option is parted from its value."""
    rows = ["  chatworkspace"]
    for word in re.findall(r"(?:--[\w-]+ )?(?:'[^']*'|[^ ])+", line):
        if len(f"{rows[-1]} {word} \\") > width:
            rows[-1] += " \\"
            rows.append(f"     {word}")
        else:
            rows[-1] += f" {word}"
    return "\n".join(rows)
