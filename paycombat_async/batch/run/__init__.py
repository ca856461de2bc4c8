"""One run over all rows: workers, throttle, records, and the rules for stopping early."""
