"""Templates of every temper, for the demo, for recordings, and for whoever tries the commands."""

from __future__ import annotations

from uuid import UUID

from chatworkspace.ports import Completed, Option, Parameter, Preset
from chatworkspace_fake import Fails, FakeCoder
from chatworkspace_fake._platform.states import OWNER

LARGE = Preset(id=UUID("1a46e000-0000-4000-8000-000000000001"), name="Large", parameters={"region": "us"})
REGION = Parameter(
    name="region", description="Where it runs.", default="eu", options=(Option(name="Europe", value="eu"), Option(name="US", value="us"))
)


def stock(coder: FakeCoder) -> None:
    """Add the templates of the demo, and what docs/how-to/commands.md names besides: a preset, and a workspace of the user's own making."""
    furnish(coder)
    coder.update_template("gpu", parameters=(REGION,), presets=(LARGE,))
    coder.on_run = pretend
    docker = next(it for it in coder.inside.platform.templates.values() if it.name == "docker")
    coder.add_workspace(docker, "own", owner_id=OWNER)


def pretend(command: str) -> str | Completed:
    """Answer as a shell does that knows two commands, echo and exit, and give back all others."""
    name, _, rest = command.partition(" ")
    if name == "exit" and rest.isdecimal():
        return Completed(exit_code=int(rest) % 256, output="")
    return rest if name == "echo" else command


def furnish(coder: FakeCoder) -> None:
    """Add the templates that recordings may name. Their ids are made from their names."""
    coder.set_quota(100)
    coder.add_template(
        "docker",
        display_name="Docker container",
        description="A container with the usual tools. Starts in seconds.",
        readme="---\ntitle: Docker\n---\n# Docker container\n\nA **container** with git, a compiler and Python.",
        build=12,
        connect=3,
        scripts=5,
        stop=4,
        log=("pulling image", "creating volume", "starting container", "container is up"),
    )
    coder.add_template(
        "gpu",
        description="A machine with a graphics card, for training.",
        build=9,
        connect=45,
        scripts=4,
        log=("asking for a machine", "machine granted", "mounting disks"),
    )
    coder.add_template(
        "devbox",
        description="A virtual machine of one's own.",
        build=(Fails(after=8, error="no space left in the pool"), 14),
        connect=4,
        parameters=(
            Parameter(
                name="region", description="Where it runs.", default="eu", options=(Option(name="Europe", value="eu"), Option(name="US", value="us"))
            ),
            Parameter(name="disk_gb", type="number", default="20", validation_min=10, validation_max=200),
        ),
        log=("planning", "applying", "waiting for disks"),
    )
    coder.add_template("cluster", description="Eight machines at once.", build=5, cost=1000, log=("asking for eight machines",))
    coder.add_template("laptop", description="A computer of the user's.", external_agent=True)
