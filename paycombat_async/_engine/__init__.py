"""Carries out calls: the loop of attempts, reports to hooks and log, records in the intents store, closing."""
