"""The payment page of a checkout: the web page on which the customer pays. The real one is hosted by the provider."""
