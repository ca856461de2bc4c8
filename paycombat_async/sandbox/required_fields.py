"""The check of the fields that a payin or payout method requires."""

import re
from collections.abc import Iterable, Mapping

from paycombat_async.sandbox.refusals import bad_request
from paycombat_async.schemas.methods import RequiredField


def check_fields(part: Mapping[str, object], fields: Iterable[RequiredField] | None, path: str) -> None:
    """Raises `Refused` (400) for the first field that is mandatory and missing, or that does not match its pattern.

    The message names the field. `path` is the path of `part` in the body.
    """
    for field in fields or ():
        name = field.name or ""
        value = part.get(name, "")
        if value == "":
            if field.mandatory:
                raise bad_request(f"{path}.{name}: this method requires it")
        elif not (isinstance(value, str) and re.fullmatch(field.regex or "", value)):
            raise bad_request(f"{path}.{name}: expected text that matches {field.regex}")
