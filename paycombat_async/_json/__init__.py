"""Encodes canonical JSON, prints JSON as JavaScript does, and decodes it. Knows no endpoint and no schema."""
