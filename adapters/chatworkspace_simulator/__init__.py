"""A Coder server that can be run anywhere: a platform in memory, served over Coder's HTTP API."""

from chatworkspace_simulator._coder import CoderSimulator as CoderSimulator

__all__ = ["CoderSimulator"]
