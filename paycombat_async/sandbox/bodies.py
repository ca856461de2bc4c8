"""The request bodies that the sandbox defines itself: base class, types of fields, and the body of Simulate calls."""

from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from paycombat_async.sandbox.refusals import bad_request

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
Currency: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
Country: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Z]{2}\Z")]
# A field of the type `Number` holds the undecoded JSON of a number. `read_amount` parses this JSON later, so that no
# digit is lost in a float.
Number: TypeAlias = Annotated[Raw, Meta(extra_json_schema={"type": "number", "exclusiveMinimum": 0})]
Object: TypeAlias = dict[str, object]

OptionalText: TypeAlias = str | UnsetType
OptionalObject: TypeAlias = Object | UnsetType


class RequestBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base class of the request types that the sandbox defines itself.

    For most calls, the sandbox uses the SDK's request types. It defines a type of its own where the SDK's type does not
    declare all fields that a request may have. A request with an unknown field is refused.
    """


class Simulate(RequestBody, frozen=True, kw_only=True):
    """The request body of both Simulate calls: a status, and the id of the payin or payout.

    The provider does not document this body. The id may be in `id`, in `payin_id` (its name at Finmo, the payment
    company behind the provider's API), or in `payout_id` (by analogy).
    """

    status: Text
    id: OptionalText = UNSET
    payin_id: OptionalText = UNSET
    payout_id: OptionalText = UNSET

    def subject(self, name: str) -> str:
        """Returns the id of the payin or payout, from the field `id` or from the field with the given name.

        `name` is "payin_id" or "payout_id". Raises `Refused` (HTTP 400) if neither of these two fields is set, if both
        are set, or if the third field is set.
        """
        ids = {field: value for field in ("id", "payin_id", "payout_id") if (value := given(getattr(self, field)))}
        if len(ids) != 1 or not ids.keys() <= {"id", name}:
            raise bad_request(f"$: expected either `{name}` or `id`")
        return ids.popitem()[1]


def given(value: str | UnsetType) -> str | None:
    """Returns the value, or None if the field is absent or an empty str."""
    return None if isinstance(value, UnsetType) or not value else value
