"""Holds a Struct against a list of fields on record: names, types, nulls, and what a whole answer decodes to."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
from msgspec import Struct

from paycombat_async import Endpoint, RawReply
from paycombat_async._protocol.interpret import interpret
from paycombat_async._protocol.reply import DecodedReply
from paycombat_async._secrets import Redactor
from paycombat_async.schemas._base import EmptyObject

# How an answer is wrapped: the four ways on record.
ENVELOPES = {
    "A": '{{"status":true,"message":"OK","data":{}}}',
    "B": (
        '{{"data":{},"request_id":"0123456789abcdef0123456789abcdef","request_time":"2025-06-01T00:00:00.000Z",'
        '"status_code":200,"status_text":"OK","success":true}}'
    ),
    "C": '{{"status":true,"message":"OK","data":{{"data":{},"request_id":"r","status_code":200,"success":true}}}}',
    "D": '{{"message":"OK","data":{}}}',
}

# Fields of answers that only the provider's upstream shows: they are offered, and docs/record.md says what they are.
UPSTREAM = {
    "Customer": [
        *("status", "account_usage_purpose", "is_enabled", "customer_hosted_url", "is_url_expired", "tag_id_list"),
    ],
    "Payin": ["pay_code"],
    "Checkout": ["checkout_id", "status"],
}


def structs_in(annotation: object) -> Iterator[type[Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, Struct) and annotation is not EmptyObject:
        yield annotation
    for member in get_args(annotation):
        yield from structs_in(member)


def flattened(kind: type[Struct], prefix: str = "") -> list[str]:
    """Every field as a dotted path, in the Struct's order, `extra` left out."""
    found: list[str] = []
    for field in msgspec.structs.fields(kind):
        if field.name != "extra":
            found.append(prefix + field.encode_name)
            for inner in structs_in(field.type):
                found += flattened(inner, f"{prefix}{field.encode_name}.")
    return found


def understand(
    endpoint: Endpoint[Any, Any], data: object, envelope: str = "A", *, closely: bool = True
) -> DecodedReply:
    """What is made of an answer that holds this data."""
    body = ENVELOPES[envelope].format(msgspec.json.encode(data).decode()).encode()
    return interpret(endpoint, RawReply(200, {}, body), now=lambda: 0.0, redact=Redactor(), closely=closely)
