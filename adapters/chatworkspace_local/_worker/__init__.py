"""What runs beside the host, in processes of its own: keepers of workspaces, and those that end them. The standard library alone."""
