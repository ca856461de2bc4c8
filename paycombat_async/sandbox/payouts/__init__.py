"""Payouts: what is taken, how it is answered, what webhooks say."""
