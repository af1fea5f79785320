"""What the library asks of the world, a file for each port, and helpers for those who write adapters."""
