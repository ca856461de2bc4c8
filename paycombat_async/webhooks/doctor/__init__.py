"""Explains why a signature does not match: `diagnose` tries the usual errors."""

from paycombat_async.webhooks.doctor.cause import Candidate, Cause, Diagnosis
from paycombat_async.webhooks.doctor.diagnosis import diagnose

__all__ = ["Candidate", "Cause", "Diagnosis", "diagnose"]
