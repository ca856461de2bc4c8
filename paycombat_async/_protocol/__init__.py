"""The provider's protocol without any I/O: encodes requests to bytes, and decodes the bytes of answers to Structs."""
