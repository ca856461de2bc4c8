"""Customer rows from files and iterables, read as they are needed."""
