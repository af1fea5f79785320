"""A small chat agent with a workspace, over any endpoint that speaks OpenAI's Chat Completions."""
