"""What a model sees: the tools' definitions, their vendors' forms, checks of arguments, and results."""
