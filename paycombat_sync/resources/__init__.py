"""The blocking methods of the API: one class for each group of pages in the provider's documentation."""
