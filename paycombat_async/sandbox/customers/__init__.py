"""Customers: database table, profile rules, handlers, routes and response formats."""
