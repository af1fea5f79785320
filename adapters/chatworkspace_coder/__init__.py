"""Coder over HTTP: `CoderClient` creates, reads, watches and reaches workspaces of a Coder server, old or new."""

from chatworkspace_coder._answers.workspaces import User as User
from chatworkspace_coder._client import CoderClient as CoderClient
