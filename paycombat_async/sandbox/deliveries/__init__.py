"""Webhooks to the merchant: what they say, where they may go, how they are sent, and what became of them."""
