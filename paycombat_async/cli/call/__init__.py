"""`paycombat call`: any call of the API from the command line."""
