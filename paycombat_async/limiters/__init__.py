"""Limits the rate at which requests are sent, within one process or for many machines together."""

from paycombat_async.limiters.limiter import Limiter
from paycombat_async.limiters.local import LocalLimiter
from paycombat_async.limiters.postgres import PostgresLimiter

__all__ = ["Limiter", "LocalLimiter", "PostgresLimiter"]
