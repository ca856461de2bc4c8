"""The provider's protocol without any I/O: encodes requests to bytes, and decodes answers to Structs."""
