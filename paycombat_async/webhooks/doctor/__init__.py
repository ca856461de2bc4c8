"""`diagnose` finds out which of the usual errors is the reason why a signature does not match."""

from paycombat_async.webhooks.doctor.cause import Candidate, Cause, Diagnosis
from paycombat_async.webhooks.doctor.diagnosis import diagnose

__all__ = ["Candidate", "Cause", "Diagnosis", "diagnose"]
