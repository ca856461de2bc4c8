"""Customer rows from files and iterables, read in chunks."""
