"""Requests and connections: limits, retries, pace, tokens. Nothing here knows what is asked for."""
