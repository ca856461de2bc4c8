"""Why a signature does not fit: `diagnose` tries what usually goes wrong."""

from paycombat_async.webhooks.doctor.cause import Candidate, Cause, Diagnosis
from paycombat_async.webhooks.doctor.diagnosis import diagnose

__all__ = ["Candidate", "Cause", "Diagnosis", "diagnose"]
