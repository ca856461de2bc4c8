"""Reads the form of a checkout's payment page, and carries out the action of the button that the customer clicked."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct

from paycombat_async.sandbox.checkouts.paying import cancel, expire, fail, pay
from paycombat_async.sandbox.refusals import bad_request
from paycombat_async.sandbox.state import SandboxState

_MAX_FIELDS: Final = 10


class Form(Struct, frozen=True):
    """The form that the payment page of a checkout submits.

    `action` is the clicked button: pay, fail, expire or cancel. `attempt` is the number of this checkout's payins that
    had failed when the page was loaded.
    """

    action: str
    method: str | None
    attempt: int


_ACTIONS: Final[Mapping[str, Callable[[SandboxState, str, Form], object]]] = {
    "pay": lambda state, checkout_id, form: pay(state, checkout_id, form.method),
    "fail": lambda state, checkout_id, form: fail(state, checkout_id, form.method, attempt=form.attempt),
    "expire": lambda state, checkout_id, form: expire(state, checkout_id, form.method),
    "cancel": lambda state, checkout_id, _form: cancel(state, checkout_id),
}


def read_form(body: bytes) -> Form:
    """Returns the decoded form of a checkout's payment page.

    Raises `Refused` (HTTP 400) if `body` is not such a form, or names an unknown button.
    """
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
        form = Form(fields["action"], fields.get("method") or None, int(fields.get("attempt", "0")))
    except (ValueError, KeyError):
        raise bad_request("this is not the form of a checkout's page") from None
    if form.action not in _ACTIONS:
        raise bad_request(f"there is no such button; there are: {', '.join(_ACTIONS)}")
    return form


def act(state: SandboxState, checkout_id: str, form: Form) -> None:
    """Carries out the action of the clicked button on the checkout.

    Raises `Refused` if the checkout can no longer be paid, or if the payin method does not allow its currency or
    amount.
    """
    _ACTIONS[form.action](state, checkout_id, form)
