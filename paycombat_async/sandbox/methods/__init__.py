"""The read-only endpoints: payin and payout methods, countries and currencies, and the merchant's balance."""
