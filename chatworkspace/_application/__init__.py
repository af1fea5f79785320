"""What runs: how a call goes on, turns, waiting, leaving, sweeping, and what tells of it."""
