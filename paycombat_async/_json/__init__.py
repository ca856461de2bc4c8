"""Encodes canonical JSON, prints JSON as JavaScript does, and decodes JSON. Knows no endpoints and no schemas."""
