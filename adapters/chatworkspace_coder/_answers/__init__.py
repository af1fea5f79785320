"""Answers to values and errors. Pure."""
