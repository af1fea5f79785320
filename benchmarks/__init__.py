"""Measurements, each with a baseline from the same run. Not part of the distribution."""
