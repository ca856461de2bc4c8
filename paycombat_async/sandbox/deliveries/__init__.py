"""Webhooks to the merchant: payloads, allowed URLs, sending with retries, and a log of the deliveries."""
