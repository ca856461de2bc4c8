"""The signature doctor. `diagnose` finds out which common mistake explains why a signature does not match."""

from paycombat_async.webhooks.doctor.cause import Candidate, Cause, Diagnosis
from paycombat_async.webhooks.doctor.diagnosis import diagnose

__all__ = ["Candidate", "Cause", "Diagnosis", "diagnose"]
