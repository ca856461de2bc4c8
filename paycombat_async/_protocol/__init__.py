"""The provider's protocol without any I/O: requests become bytes, answers become Structs."""
