"""Rows of customers out of files and iterables, a chunk at a time."""
