"""One run over all rows: the workers, the throttle, the records, and the rules for stopping early."""
