"""Payin and payout methods, countries and currencies, and the merchant's balance: what the provider has on offer."""
