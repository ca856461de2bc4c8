"""Fields of answers that say which object it is, or refer to another one, are declared as such."""

import msgspec
import pytest

from paycombat_async import schemas
from paycombat_async._json.annotations import declared
from paycombat_async._protocol.decode import identity_fields
from paycombat_async.schemas._base import Response

FIELDS = [
    pytest.param(field, id=f"{kind.__name__}.{field.name}")
    for kind in map(schemas.__dict__.get, schemas.__all__)
    if isinstance(kind, type) and issubclass(kind, Response)
    for field in msgspec.structs.fields(kind)
]


@pytest.mark.promise("P3")
@pytest.mark.parametrize("field", FIELDS)
def test_every_identity_is_declared(field):
    """A text that is `""` where the provider leaves it out is an identity, and no other field is one."""
    assert (field.default == "") == (declared(field.type, "role") == "identity")


@pytest.mark.parametrize("field", FIELDS)
def test_every_id_is_declared(field):
    """A field named like an id is an identity or a reference, so that a number in it is kept as text."""
    if field.name.endswith("_id"):
        assert declared(field.type, "role") in {"identity", "reference"}


def test_identities_are_found_by_what_they_declare():
    """Neither the name of a field nor its default makes it an identity."""
    kind = msgspec.defstruct("Odd", [("number", schemas._base.Identity, "?"), ("id", str, "")], bases=(Response,))

    assert ("number",) == identity_fields(kind)
