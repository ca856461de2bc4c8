"""The envelopes of the provider's answers: the JSON objects around the data.

Four kinds are documented:
A `{status, message, data}`,
B `{data, request_id, request_time, status_code, status_text, success}` (page "Update Customer"),
C an envelope A with an envelope B as its data, and
D `{message, data}`.
One Struct decodes all of them, so that the data is found even if the provider changes the kind of an envelope.
"""

from typing import Annotated, Generic, TypeVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from paycombat_async._secrets import short_rich_repr
from paycombat_async.schemas._base import PublicResponse

Item = TypeVar("Item")


class Envelope(Struct, frozen=True, kw_only=True, gc=False):
    """An envelope of any kind. Fields other than `data` may have any type, because errors are not documented."""

    data: Raw | UnsetType = UNSET
    status: object = None
    success: object = None
    message: object = None
    request_id: object = None
    request_time: object = None
    status_code: object = None
    status_code_camel: object = field(name="statusCode", default=None)
    status_text: object = None
    code: object = None
    error: object = None
    errors: object = None

    def __repr__(self) -> str:
        return "Envelope(***)"

    __rich_repr__ = short_rich_repr


class Wrapped(Struct, Generic[Item], frozen=True, kw_only=True, gc=False):
    """The envelope of a successful answer (the JSON object around its data), decoded in one pass with the data.

    The types of these fields are narrow on purpose: an answer that may report a failure cannot be decoded as a
    `Wrapped`. Such an answer, and an envelope inside another envelope, are decoded as an `Envelope`.
    """

    data: Item
    request_id: str | None = None
    status_code: Annotated[int, Meta(lt=400)] = 200
    status_code_camel: Annotated[int, Meta(lt=400)] = field(name="statusCode", default=200)
    success: bool | None = None
    status: bool | None = None
    code: Annotated[int, Meta(lt=400)] | Annotated[str, Meta(pattern=r"^(?![45]\d\d$)")] | None = None
    error: None = None
    errors: None = None

    def __repr__(self) -> str:
        return "Wrapped(***)"

    __rich_repr__ = short_rich_repr


class Page(PublicResponse, Generic[Item], frozen=True, kw_only=True):
    """One page of a list. `total` is the number of items in the whole list, or None if the provider does not send it.

    `unread` is the number of elements that are not objects. These elements are not in `items`, and are reported to
    `on_drift`.
    """

    items: list[Item]
    total: int | None = None
    unread: int = 0
