"""The methods of the API, a class for each group of the provider's pages, blocking."""
