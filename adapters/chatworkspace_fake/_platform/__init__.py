"""A platform and a store in memory; their state follows from the clock."""
