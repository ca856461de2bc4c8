"""JSON text: canonical, as JavaScript prints it, and decoded. Knows no endpoint and no schema."""
