"""How fast the SDK is, beside what one would use in its place: `python -m benchmarks --help`."""
