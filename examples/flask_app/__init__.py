"""A web page that asks for a chat's workspace and shows phases and log live; README.md says how to start it."""
