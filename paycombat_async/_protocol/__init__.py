"""The provider's protocol without any I/O: requests to bytes, answers to Structs. Values in, values out."""
