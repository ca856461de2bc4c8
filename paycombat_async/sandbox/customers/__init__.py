"""The customers of the pretend provider: table, profiles, pages, handlers."""
