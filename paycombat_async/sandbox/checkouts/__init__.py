"""Checkouts: database table, rules, handlers, routes and response formats."""
