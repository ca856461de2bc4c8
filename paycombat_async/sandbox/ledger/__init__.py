"""The sandbox's ledger: all movements of the merchant's money, the balances, and the search for duplicate payments."""

from paycombat_async.sandbox.ledger.book import Ledger
from paycombat_async.sandbox.ledger.entries import Double, LedgerEntry, Movement
from paycombat_async.sandbox.ledger.report import LedgerReport, fetch_ledger

__all__ = ["Double", "Ledger", "LedgerEntry", "LedgerReport", "Movement", "fetch_ledger"]
