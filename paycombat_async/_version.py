"""The version of the SDK, used in the package metadata and in the User-Agent header."""

__version__ = "0.1.0"
