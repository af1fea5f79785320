"""The `chatworkspace` command: every package's driver seat, from a shell."""

from chatworkspace_cli._parser import main as main
