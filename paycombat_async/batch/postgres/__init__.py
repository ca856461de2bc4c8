"""A journal in PostgreSQL: one run that any number of machines carry out together."""
