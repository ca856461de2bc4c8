"""Checks the fields that a payin or payout method requires in a request."""

import re
from collections.abc import Iterable, Mapping

from paycombat_async.sandbox.refusals import bad_request
from paycombat_async.schemas.methods import RequiredField


def check_fields(part: Mapping[str, object], fields: Iterable[RequiredField] | None, path: str) -> None:
    """Raises `Refused` (HTTP 400) if a mandatory field is missing, or if a field does not match its pattern.

    The message names the first such field. `path` is the path of `part` in the request body.
    """
    for field in fields or ():
        name = field.name or ""
        value = part.get(name, "")
        if value == "":
            if field.mandatory:
                raise bad_request(f"{path}.{name}: this method requires it")
        elif not (isinstance(value, str) and re.fullmatch(field.regex or "", value)):
            raise bad_request(f"{path}.{name}: expected text that matches {field.regex}")
