"""What spans, metrics and attributes are called: as OpenTelemetry's semantic conventions have it, where they do."""

from __future__ import annotations

SCOPE = "chatworkspace"

# of the semantic conventions
CONVERSATION = "gen_ai.conversation.id"
"""The chat. On spans alone: there are too many for a metric."""
ERROR_TYPE = "error.type"
SERVER_ADDRESS = "server.address"
FUNCTION = "code.function.name"

# our own
CALL = "chatworkspace.call"
REASON = "chatworkspace.reason"
STATE = "chatworkspace.state"
PHASE = "chatworkspace.phase"
PORT = "chatworkspace.port"
REQUEST = "chatworkspace.request"
WORKSPACE = "chatworkspace.workspace.id"
BUILD = "chatworkspace.workspace.build"
AGENT = "chatworkspace.agent"
PLAN = "chatworkspace.plan"
EPOCH = "chatworkspace.epoch"
PAUSE = "chatworkspace.pause"
INCIDENT = "chatworkspace.incident"

CALL_SECONDS = (0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Bounds of the buckets for what may take as long as a build."""
REQUEST_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
