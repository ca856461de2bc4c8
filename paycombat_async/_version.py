"""The version of the SDK. The package metadata and the User-Agent header contain it."""

__version__ = "0.1.0"
