"""The version, for the package's metadata and for the User-Agent."""

__version__ = "0.1.0"
