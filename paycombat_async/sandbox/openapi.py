"""Generates the OpenAPI 3.1 document of all endpoints, from the sandbox's routes and the request and response types."""

import re
from types import NoneType
from typing import Any, Final, TypeAlias, TypeGuard, get_args, get_origin

import msgspec
from msgspec import Struct

from paycombat_async._version import __version__
from paycombat_async.sandbox.envelopes import Stamp, refusal
from paycombat_async.sandbox.paging import MAX_LIMIT
from paycombat_async.sandbox.refusals import Refused
from paycombat_async.sandbox.routes import ROUTES
from paycombat_async.sandbox.routing import Route
from paycombat_async.schemas import Page

# Any: a JSON Schema is a JSON object of any shape.
Schema: TypeAlias = dict[str, Any]

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_TEXT: Final[Schema] = {"type": "string"}
_DECIMAL: Final[Schema] = {"type": "string", "format": "decimal"}
_REFUSAL: Final = "Refusal"
_DATA: Final = object()
_COMPONENTS: Final = "#/components/schemas/"


def description(base_url: str | None = None) -> Schema:
    """Returns the OpenAPI document as dicts, lists and str.

    With `base_url`, the document names this URL as its server. The `operationId` of each operation is the endpoint's
    name. `x-evidence` says how the endpoint's path is known: documented, observed or inferred.
    """
    kinds = _struct_types()
    schemas, components = msgspec.json.schema_components(
        kinds, schema_hook=_any_value, ref_template=f"{_COMPONENTS}{{name}}"
    )
    schema_of = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.endpoint.method.lower()] = _operation(route, schema_of)
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "PayCombat sandbox", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {name: _wire_schema(schema) for name, schema in components.items()}
            | {_REFUSAL: _envelope_schema(refusal(Refused(400, "", "")), {})},
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-token"}},
        },
        "security": [{"token": []}],
    }
    return document if base_url is None else document | {"servers": [{"url": base_url}]}


def _struct_types() -> list[type[Struct]]:
    """Returns the types of all request bodies and responses, without duplicates."""
    found = [kind for route in ROUTES for kind in (route.body, _item_type(route.endpoint.response))]
    return list(dict.fromkeys(kind for kind in found if kind not in {NoneType, object}))


def _any_value(_kind: type[object]) -> Schema:
    """Returns a schema that accepts any value.

    It has a description, because msgspec treats an empty schema as a missing one.
    """
    return {"description": "Anything."}


def _item_type(response: type[Any]) -> type[Any]:
    """Returns the type of an endpoint's data. If the endpoint returns pages, this is the type of their items."""
    item: type[Any] = get_args(response)[0] if get_origin(response) is Page else response
    return item


def _operation(route: Route[Any, Any], schema_of: dict[type[Struct], Schema]) -> Schema:
    endpoint = route.endpoint
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.title,
        "tags": [endpoint.name.partition(".")[0]],
        "externalDocs": {"url": endpoint.doc},
        "x-evidence": endpoint.evidence.value,
        "parameters": _parameters(route),
        "responses": {
            str(route.status.value): _json(route.status.phrase, _answer(route, schema_of)),
            "4XX": _json("Refused; nothing was changed.", {"$ref": _COMPONENTS + _REFUSAL}),
        },
    }
    if route.body is not NoneType:
        operation["requestBody"] = {"required": True} | _content(schema_of[route.body])
    return operation


def _parameters(route: Route[Any, Any]) -> list[Schema]:
    endpoint = route.endpoint
    parameters: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT} for name in _PLACEHOLDER.findall(route.path)
    ]
    bounds = (
        (endpoint.page_parameter, {"minimum": 1}),
        (endpoint.size_parameter, {"minimum": 1, "maximum": MAX_LIMIT}),
    )
    for name, bound in bounds:
        if name is not None:
            parameters.append({"name": name, "in": "query", "schema": {"type": "integer"} | bound})
    if endpoint.signed:
        signature = "HMAC-SHA256 of the body with the signature key; the body is as JSON.stringify prints it"
        schema = _TEXT | {"pattern": "^[0-9a-f]{64}$"}
        parameters.append(
            {"name": "signature", "in": "header", "required": True, "description": signature, "schema": schema}
        )
    return parameters


def _answer(route: Route[Any, Any], schema_of: dict[type[Struct], Schema]) -> Schema:
    response = route.endpoint.response
    data = schema_of.get(_item_type(response), {})
    if get_origin(response) is Page:
        items = {"type": "array", "items": data}
        beside = {"type": "object", "properties": {"data": items, "total": {"type": "integer"}}, "required": ["data"]}
        data = {"anyOf": [items, beside]}
    return _envelope_schema(route.envelope(_DATA, Stamp("", "", route.status)), data)


def _envelope_schema(example: object, data: Schema) -> Schema:
    """Returns the schema of an envelope, the JSON object around the data of a response.

    `example` is such an envelope with the marker `_DATA` in place of the data. `data` is the schema of the data.
    """
    if example is _DATA:
        return data
    if _is_object(example):
        return _object(**{name: _envelope_schema(part, data) for name, part in example.items()})
    if isinstance(example, bool):
        return {"const": example}
    return {"type": "integer"} if isinstance(example, int) else _TEXT


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _json(text: str, schema: Schema) -> Schema:
    return {"description": text} | _content(schema)


def _content(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _wire_schema(schema: Schema) -> Schema:
    """Returns the schema of the JSON on the wire, made from the schema that msgspec generates for a Python type.

    On the wire, amounts are numbers, and there is no field `extra`, which exists only in the SDK.
    """
    if schema == _DECIMAL:
        return {"type": "number"}
    changed = {name: _wire_part(part) for name, part in schema.items()}
    if "properties" in schema:
        changed["properties"].pop("extra", None)
    if "pattern" in schema:
        # \A and \Z are Python's. The regular expressions of JSON Schema are those of JavaScript.
        changed["pattern"] = schema["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    return changed


def _wire_part(part: Any) -> Any:
    if _is_list(part):
        return [_wire_part(each) for each in part]
    return _wire_schema(part) if _is_object(part) else part


def _is_list(part: Any) -> TypeGuard[list[Any]]:
    return isinstance(part, list)


def _is_object(part: object) -> TypeGuard[Schema]:
    return isinstance(part, dict)
