"""Customer rows from files and iterables, read only when they are needed."""
