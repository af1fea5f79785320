"""Bytes: connections, streams, WebSockets, and what goes wrong with them."""
