"""What the buttons of a checkout's page do."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct

from paycombat_async.sandbox.checkouts.paying import cancel, expire, fail, pay
from paycombat_async.sandbox.refusals import bad_request
from paycombat_async.sandbox.state import SandboxState

_MAX_FIELDS: Final = 10


class Form(Struct, frozen=True):
    """The form of the page. `action` is the button, and `attempt` the number of payins that had failed before."""

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
    """Returns the decoded form. Raises `Refused` (400) if it is not a form of the page."""
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
        form = Form(fields["action"], fields.get("method") or None, int(fields.get("attempt", "0")))
    except (ValueError, KeyError):
        raise bad_request("this is not the form of a checkout's page") from None
    if form.action not in _ACTIONS:
        raise bad_request(f"there is no such button; there are: {', '.join(_ACTIONS)}")
    return form


def act(state: SandboxState, checkout_id: str, form: Form) -> None:
    """Does what the button says. Raises `Refused` if the checkout is not open, or if the method does not fit."""
    _ACTIONS[form.action](state, checkout_id, form)
