"""Errors of `paycombat call` as sentences: what happened, whether the call was carried out, and what to do."""

import shlex
from typing import Final

import click

from paycombat_async._printable import printable
from paycombat_async.cli.call.specs import FIND_PAYOUTS, CallSpec
from paycombat_async.cli.refusal import UsageRefused
from paycombat_async.errors import ApiError, ConfigurationError, InvalidRequest, Outcome, PayCombatError

_MAY_BE_DONE: Final = frozenset({Outcome.UNKNOWN, Outcome.APPLIED})
_OUTCOMES: Final = {
    Outcome.NOT_SENT: "nothing was sent.",
    Outcome.REJECTED: "refused; nothing was changed.",
    Outcome.UNKNOWN: "unknown; it may have been carried out.",
    Outcome.APPLIED: "carried out; only the answer is missing.",
}


class CallFailed(click.ClickException):
    """The call failed and changed nothing; the command exits with 1."""

    exit_code = 1


class CallMayBeDone(click.ClickException):
    """The call was or may have been carried out, but no answer can be printed; the command exits with 3."""

    exit_code = 3


def failure_of(error: PayCombatError, spec: CallSpec, store: str | None = None) -> click.ClickException:
    """Returns the exception that prints `error` and ends the command.

    `store` is what a command line needs to name the intents store (such as `payments.db --account shop`), because the
    message advises further commands. If the user named no store, `store` is None.
    """
    if isinstance(error, ConfigurationError | InvalidRequest):
        return UsageRefused(printable(str(error), limit=1000))
    message = "\n".join(lines_about(error, spec, store))
    is_done = spec.is_change and error.outcome in _MAY_BE_DONE
    return CallMayBeDone(message) if is_done else CallFailed(message)


def lines_about(error: PayCombatError, spec: CallSpec, store: str | None) -> list[str]:
    """Returns what happened, the outcome and the advice, each as a printable line. No line contains the store's URL."""
    words = error.provider_message if isinstance(error, ApiError) else None
    lines = [f"{error} ({words})" if words else str(error)]
    if spec.is_change:
        known_as = f" Your reference: {error.reference}." if error.reference is not None else ""
        lines.append(f"Outcome: {_OUTCOMES[error.outcome]}{known_as}")
    advice = _advice(error, spec, store)
    return [printable(line, limit=2000) for line in [*lines, *([f"What to do: {advice}"] if advice else [])]]


def _advice(error: PayCombatError, spec: CallSpec, store: str | None) -> str:
    if error.advice is not None:
        return error.advice + _commands(error, spec, store)
    if error.may_pass_later:
        return "send it again later; that is safe."
    if error.outcome is Outcome.UNKNOWN and spec.is_change:
        return "send it again; that is safe, since twice has the same effect as once."
    return ""


def _commands(error: PayCombatError, spec: CallSpec, store: str | None) -> str:
    """Returns sentences with commands that help to find out whether the call was carried out."""
    sentences: list[str] = []
    if spec.name == "payouts.create" and error.reference is not None:
        # Quoted, because a reference that comes from a customer may contain any character.
        found_by = shlex.quote(f"order_id={error.reference}")
        sentences.append(f"This looks for it: paycombat call {FIND_PAYOUTS} {found_by}")
    if store is not None:
        sentences.append(f"The store has recorded it, and does not send it twice: paycombat intents list {store}")
    else:
        sentences.append("Do not repeat the command before you know.")
    return "".join(f" {sentence}" for sentence in sentences)
