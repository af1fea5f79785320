"""Coder's routes, and how the server writes what it has."""
