"""Carries out calls: the one loop, what is reported of it, what is recorded, and the life of a client."""
