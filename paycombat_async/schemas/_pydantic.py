"""Makes the schemas that pydantic and FastAPI need to validate, serialize and describe requests and answers.

This module is imported only when pydantic asks for a schema. Therefore the SDK works without pydantic.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec import Struct, UnsetType
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from paycombat_async._json.annotations import is_struct, members
from paycombat_async.errors import InvalidRequest

_SIMPLE: Final[Mapping[Any, Callable[[], CoreSchema]]] = {
    str: core_schema.str_schema,
    int: core_schema.int_schema,
    bool: core_schema.bool_schema,
    NoneType: core_schema.none_schema,
    # `to_dict()` returns a Decimal as a number, or as a str if no float has its exact digits.
    Decimal: lambda: core_schema.union_schema(
        [core_schema.int_schema(), core_schema.float_schema(), core_schema.str_schema()]
    ),
}


def core_schema_of(kind: Any, validate: Callable[[Any, object], object], handler: Any) -> CoreSchema:
    """Returns pydantic's schema of a request or answer of type `kind`.

    With this schema, pydantic accepts an object of this type unchanged, and passes plain data to `validate`. It
    serializes an object to the result of `to_dict()`. `handler` is pydantic's `GetCoreSchemaHandler`.
    """
    origin: Any = get_origin(kind) or kind

    def checked(value: object, _described: object) -> object:
        if isinstance(value, origin):
            return value
        try:
            return validate(kind, value)
        except InvalidRequest as error:
            reason = str(error)
        raise PydanticCustomError("invalid_request", "{reason}", {"reason": reason})

    return core_schema.no_info_wrap_validator_function(
        checked,
        _described(kind, origin, handler),
        ref=f"{origin.__module__}.{_name(kind)}:{id(origin)}",
        # With `schema=None`, pydantic serializes the dict with the schema that `_described` returns, and also applies
        # `exclude`, `include` and `exclude_none`.
        serialization=core_schema.wrap_serializer_function_ser_schema(_serialize, schema=None),
    )


def _serialize(value: Any, serialize: core_schema.SerializerFunctionWrapHandler) -> object:
    # A Struct inside another Struct is a dict already, because `to_dict()` has converted the outer Struct with its
    # parts.
    return serialize(value if isinstance(value, dict) else value.to_dict())


def _described(kind: type[Struct], origin: Any, handler: Any) -> CoreSchema:
    """Returns the schema that pydantic uses only to make the JSON schema, and not for validation."""
    fields = {
        field.encode_name: core_schema.typed_dict_field(_schema_of(field.type, handler), required=field.required)
        for field in msgspec.structs.fields(kind)
        if field.name != "extra"
    }
    is_open = "extra" in origin.__struct_fields__
    return core_schema.typed_dict_schema(fields, cls=origin, extra_behavior="allow" if is_open else None)


def _schema_of(annotation: Any, handler: Any) -> CoreSchema:
    kinds = [kind for kind in members(annotation) if kind is not UnsetType and not _is_null(kind)]
    schemas = [_schema_of_member(kind, handler) for kind in kinds]
    return schemas[0] if len(schemas) == 1 else core_schema.union_schema(list(schemas))


def _schema_of_member(kind: Any, handler: Any) -> CoreSchema:
    if kind in _SIMPLE:
        return _SIMPLE[kind]()
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return core_schema.literal_schema(list(arguments))
    if origin is list:
        return core_schema.list_schema(_schema_of(arguments[0], handler))
    if origin in {dict, Mapping}:
        return core_schema.dict_schema(core_schema.str_schema())
    return handler.generate_schema(kind) if is_struct(kind) else core_schema.any_schema()


def _is_null(kind: Any) -> bool:
    """Whether `kind` is `EmptyObject`, the only Struct without fields. The provider sends it (`{}`) for null."""
    return is_struct(kind) and not kind.__struct_fields__


def _name(kind: Any) -> str:
    arguments = [argument.__name__ for argument in get_args(kind)]
    return f"{kind.__name__}[{', '.join(arguments)}]" if arguments else str(kind.__name__)
