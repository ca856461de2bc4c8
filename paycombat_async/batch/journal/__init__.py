"""What a run writes down, so that it can go on after a crash."""
