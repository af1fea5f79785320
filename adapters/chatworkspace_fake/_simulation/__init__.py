"""Virtual time: real threads, one running at a time."""
