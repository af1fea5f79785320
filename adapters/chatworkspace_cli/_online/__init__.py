"""The commands that ask a server or a store."""
