"""What the server writes of each thing. Nothing is changed here, and nothing refused."""
