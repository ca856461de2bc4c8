"""Payins and virtual accounts: request bodies, rules, handlers, routes, and the bodies of responses and webhooks."""
