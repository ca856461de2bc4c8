"""Carries out calls: the loop of attempts, reports to hooks and the log, records in the intents store, and closing."""
