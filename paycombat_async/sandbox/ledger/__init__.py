"""The ledger: all movements of money, the resulting balances, and the duplicate movements."""

from paycombat_async.sandbox.ledger.book import Ledger
from paycombat_async.sandbox.ledger.entries import Double, LedgerEntry, Movement
from paycombat_async.sandbox.ledger.report import LedgerReport, fetch_ledger

__all__ = ["Double", "Ledger", "LedgerEntry", "LedgerReport", "Movement", "fetch_ledger"]
