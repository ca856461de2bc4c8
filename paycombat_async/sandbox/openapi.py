"""The sandbox described in OpenAPI 3.1, for tools that read it: made of the table of routes and the Structs."""

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

# Any: a schema is JSON of any shape.
Schema: TypeAlias = dict[str, Any]

_HOLE: Final = re.compile(r"\{(\w+)\}")
_TEXT: Final[Schema] = {"type": "string"}
_DECIMAL: Final[Schema] = {"type": "string", "format": "decimal"}
_REFUSAL: Final = "Refusal"
_DATA: Final = object()
_COMPONENTS: Final = "#/components/schemas/"


def description(base_url: str | None = None) -> Schema:
    """The document, as plain data. `base_url` is that of a running sandbox, for tools that call what they read about.

    Each operation's `operationId` is the endpoint's name; `x-evidence` says how sure its path is.
    """
    kinds = _kinds()
    schemas, components = msgspec.json.schema_components(
        kinds, schema_hook=_anything, ref_template=f"{_COMPONENTS}{{name}}"
    )
    schema_of = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.endpoint.method.lower()] = _operation(route, schema_of)
    described: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "PayCombat sandbox", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {name: _on_the_wire(schema) for name, schema in components.items()}
            | {_REFUSAL: _like(refusal(Refused(400, "", "")), {})},
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-token"}},
        },
        "security": [{"token": []}],
    }
    return described if base_url is None else described | {"servers": [{"url": base_url}]}


def _kinds() -> list[type[Struct]]:
    """All types of bodies and answers, each once."""
    found = [kind for route in ROUTES for kind in (route.body, _item(route.endpoint.response))]
    return list(dict.fromkeys(kind for kind in found if kind not in {NoneType, object}))


def _anything(_kind: type[object]) -> Schema:
    """The schema of `object`. msgspec would take an empty one for none."""
    return {"description": "Anything."}


def _item(response: type[Any]) -> type[Any]:
    """What stands in an answer: for a list, one of its items."""
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
            "4XX": _json("Nothing was carried out.", {"$ref": _COMPONENTS + _REFUSAL}),
        },
    }
    if route.body is not NoneType:
        operation["requestBody"] = {"required": True} | _content(schema_of[route.body])
    return operation


def _parameters(route: Route[Any, Any]) -> list[Schema]:
    endpoint = route.endpoint
    parameters: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT} for name in _HOLE.findall(route.path)
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
    data = schema_of.get(_item(response), {})
    if get_origin(response) is Page:
        items = {"type": "array", "items": data}
        beside = {"type": "object", "properties": {"data": items, "total": {"type": "integer"}}, "required": ["data"]}
        data = {"anyOf": [items, beside]}
    return _like(route.envelope(_DATA, Stamp("", "", route.status)), data)


def _like(shown: object, data: Schema) -> Schema:
    """The schema of an envelope, found by wrapping a mark in it and looking at what came out."""
    if shown is _DATA:
        return data
    if _is_object(shown):
        return _object(**{name: _like(part, data) for name, part in shown.items()})
    if isinstance(shown, bool):
        return {"const": shown}
    return {"type": "integer"} if isinstance(shown, int) else _TEXT


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _json(text: str, schema: Schema) -> Schema:
    return {"description": text} | _content(schema)


def _content(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _on_the_wire(schema: Schema) -> Schema:
    """The schema of a Struct as JSON has it: amounts are numbers, and `extra` is no field there."""
    if schema == _DECIMAL:
        return {"type": "number"}
    changed = {name: _part_on_the_wire(part) for name, part in schema.items()}
    if "properties" in schema:
        changed["properties"].pop("extra", None)
    if "pattern" in schema:
        changed["pattern"] = schema["pattern"].replace(r"\A", "^").replace(r"\Z", "$")  # JavaScript's own anchors
    return changed


def _part_on_the_wire(part: Any) -> Any:
    if _is_list(part):
        return [_part_on_the_wire(each) for each in part]
    return _on_the_wire(part) if _is_object(part) else part


def _is_list(part: Any) -> TypeGuard[list[Any]]:
    return isinstance(part, list)


def _is_object(part: object) -> TypeGuard[Schema]:
    return isinstance(part, dict)
