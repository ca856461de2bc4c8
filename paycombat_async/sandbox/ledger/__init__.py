"""The ledger: every movement of money, the balances that they add up to, and movements that were made twice."""

from paycombat_async.sandbox.ledger.book import Ledger
from paycombat_async.sandbox.ledger.entries import Double, LedgerEntry, Movement

__all__ = ["Double", "Ledger", "LedgerEntry", "Movement"]
