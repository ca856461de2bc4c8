"""Encodes canonical JSON, prints JSON as JavaScript does, and decodes JSON. Does not import endpoints or schemas."""
