"""Encodes canonical JSON, prints JSON as JavaScript does, and decodes JSON; independent of endpoints and schemas."""
