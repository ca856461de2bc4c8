"""The page on which the customer of a checkout pays, as the provider hosts one."""
