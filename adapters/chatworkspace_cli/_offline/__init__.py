"""The commands that need no server: they replay recorded calls in memory, or serve a Coder of their own."""
