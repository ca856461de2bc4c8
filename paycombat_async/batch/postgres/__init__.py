"""The journal of a batch run in PostgreSQL, so that any number of machines can carry out the run together."""
