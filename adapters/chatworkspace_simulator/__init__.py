"""A Coder server that can be run anywhere: a platform in memory, served over Coder's HTTP API.

    from chatworkspace_simulator import CoderSimulator

    with CoderSimulator() as simulator:
        simulator.coder.add_template("docker", build=3)  # else it has the templates of the command
        client = CoderClient(simulator.url, token=simulator.token)  # of chatworkspace_coder, or any other client of Coder

CoderSimulator is safe from any thread. `chatworkspace simulator` runs one from the command line.
"""

from __future__ import annotations

from chatworkspace import __version__
from chatworkspace_simulator._coder import CoderSimulator
from chatworkspace_simulator._http.mishaps import WireFault
from chatworkspace_simulator._http.server import Seen

__all__ = ["CoderSimulator", "Seen", "WireFault", "__version__"]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
