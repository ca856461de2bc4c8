"""Checkouts: their table, what the endpoints do, and how the pages show them."""
