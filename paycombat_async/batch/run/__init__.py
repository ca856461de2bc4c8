"""One run over all rows of an input: reading them, sending them, recording the results, and stopping early."""
