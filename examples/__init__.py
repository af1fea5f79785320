"""Whole programs that use the library, to read and to try."""
