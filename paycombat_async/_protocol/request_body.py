"""Checks a request and encodes it to the bytes that are signed and sent. Struct constructors do not check their values.

There are two checks. The fast check, which is generated for each type, accepts requests that are clearly valid. The
slow check decides about all requests that the fast check has not accepted. Therefore the fast check need not accept
every valid request, but must never accept an invalid one.
"""

import enum
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from keyword import iskeyword
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar, get_args, get_origin

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from paycombat_async._json.amounts import check_amounts, plain_amount
from paycombat_async._json.annotations import ByType, alternatives, is_struct, members, struct_in
from paycombat_async._json.canonical import canonical_json, encode_trusted, is_json_safe_object
from paycombat_async._json.codegen import compile_function, field_expression
from paycombat_async._json.javascript import MAX_SAFE_INTEGER
from paycombat_async._json.normalize import check_struct_options
from paycombat_async.endpoints import Endpoint
from paycombat_async.errors import InvalidRequest
from paycombat_async.schemas._base import Amount, Clear, Request, explain

Q = TypeVar("Q")


FastCheck: TypeAlias = Callable[[Any], Any]
_NO_TEXT: Final = "type(it) is not str"


def _compile_check(kind: type[Struct]) -> FastCheck:
    check_struct_options(kind)
    names: dict[str, object] = {
        "UNSET": UNSET,
        "is_json_safe_object": is_json_safe_object,
        "replace": msgspec.structs.replace,
    }
    lines: list[str] = []
    changes: list[str] = []
    for field in msgspec.structs.fields(kind):
        found = field_expression("value", field.name)
        wanted, is_optional, is_clearable = _expected_type(field.type)
        if field.name == "extra":
            continue
        if _is_rewritten(wanted) and not is_clearable and not iskeyword(field.name):
            new = f"new_{len(changes)}"
            names[f"rewrite_{field.name}"] = plain_amount if wanted == Amount else _rewriter(wanted)
            otherwise = " if it is not UNSET else UNSET" * is_optional
            lines += [f"it = {found}", f"{new} = rewrite_{field.name}(it){otherwise}", f"if {new} is None: return None"]
            changes.append(f"{field.name}={new}")
        else:
            wrong = _mismatch_expression(wanted, field.name, names)
            if is_clearable:
                wrong = f"({wrong}) and (type(it) is not str or it)"
            lines += [f"it = {found}", f"if {_unless_unset(wrong) if is_optional else wrong}: return None"]
    if changes:
        lines.append(f"value = replace(value, {', '.join(changes)})")
    if "extra" in kind.__struct_fields__:
        names["taken"] = {*kind.__struct_fields__, *kind.__struct_encode_fields__}
        lines += _extra_statements(kind)
    return compile_function("check", [*lines, "return value"], names)


def _unless_unset(wrong: str) -> str:
    """Returns Python code: an expression that is true if `wrong` is true and the variable `it` is not UNSET.

    `wrong` is code that is true if the value of `it` is wrong.
    """
    return f"{wrong} and it is not UNSET" if wrong == _NO_TEXT else f"it is not UNSET and ({wrong})"


def _extra_statements(kind: type[Struct]) -> Iterator[str]:
    """Yields lines of Python that return a dict if `extra` of the Struct in `value` is set.

    The dict has the fields that are set, followed by the members of `extra`. Most payouts have an `extra` with the
    fields of their payout method (such as IBAN or bank code), so the fast check must accept requests with `extra`.
    """
    yield "extra = value.extra"
    yield "if extra is not UNSET:"
    yield "    if not is_json_safe_object(extra) or not taken.isdisjoint(extra): return None"
    yield "    members = {}"
    for field in msgspec.structs.fields(kind):
        if field.name != "extra":
            yield f"    it = {field_expression('value', field.name)}"
            yield f"    if it is not UNSET: members[{field.encode_name!r}] = it"
    yield "    members.update(extra)"
    yield "    return members"


# `FAST_CHECKS[type(request)](request)` returns the object to encode: the request, a copy with its amounts as int or
# float, or a dict if `extra` is set. The result is None if a field or `extra` is not clearly valid, so that the slow
# check decides.
FAST_CHECKS: Final[ByType[FastCheck]] = ByType(_compile_check)


def _rewriter(kind: type[Struct]) -> FastCheck:
    """Returns the fast check of a field that must hold a Struct of exactly this type."""
    check = FAST_CHECKS[kind]
    return lambda value: check(value) if type(value) is kind else None


@cache
def _is_rewritten(wanted: Any) -> bool:
    """Whether the fast check may replace a value of this type, as it replaces an amount by an int or a float."""
    if not is_struct(wanted):
        return bool(wanted == Amount)
    fields = msgspec.structs.fields(wanted)
    return any(field.name == "extra" or _is_rewritten(_expected_type(field.type)[0]) for field in fields)


def _expected_type(annotation: Any) -> tuple[Any, bool, bool]:
    """Returns what a field may hold: a type, whether UNSET is allowed, and whether `Clear` (an empty str) is allowed.

    The type is `object` if several types are allowed.
    """
    kinds = alternatives(annotation)
    wanted = tuple(kind for kind in kinds if kind not in {UnsetType, Clear})
    is_optional, is_clearable = UnsetType in kinds, Clear in kinds
    if wanted == get_args(Amount):
        return Amount, is_optional, is_clearable
    return wanted[0] if len(wanted) == 1 else object, is_optional, is_clearable


def _mismatch_expression(wanted: Any, name: str, names: dict[str, object]) -> str:
    """Returns Python code: an expression that is true if the value in the variable `it` is not clearly valid.

    Adds the globals that the expression uses to `names`.
    """
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is str:
        return _NO_TEXT
    if origin is Mapping:
        return "not is_json_safe_object(it)"
    if origin is Literal and all(type(word) is str for word in arguments):
        names[f"words_of_{name}"] = frozenset(arguments)
        return f"type(it) is not str or it not in words_of_{name}"
    if origin is Annotated and arguments[0] is str and len(arguments) == 2:
        return _length_mismatch(arguments[1])
    if is_struct(wanted):
        names |= {f"kind_of_{name}": wanted, f"check_{name}": FAST_CHECKS[wanted]}
        return f"type(it) is not kind_of_{name} or check_{name}(it) is not it"
    return "True"


def _length_mismatch(meta: Any) -> str:
    if meta != Meta(min_length=meta.min_length, max_length=meta.max_length):
        return "True"
    return f"type(it) is not str or not {meta.min_length or 0} <= len(it) <= {meta.max_length or MAX_SAFE_INTEGER}"


def check_request(request: Struct) -> None:
    """Raises `InvalidRequest` with the path of the first field whose value its annotation does not allow.

    The request must be one that `canonical_json` accepts. Two steps find the errors. The first converts the request to
    dicts and lists and back to its own type, which raises for most errors. The second compares the converted request
    with the original one, and so finds the errors that the conversion hides: bytes in place of a str, or a dict in
    place of a Struct.
    """
    try:
        again = msgspec.convert(msgspec.to_builtins(request, enc_hook=_to_builtin), type(request))
    except msgspec.ValidationError as error:
        text, path = explain(error)
    else:
        if again != request:
            _find_disguised(request, "$")
        return
    raise InvalidRequest(f"{path}: {text}{_allowed(type(request), path.split('.')[1:])}", path=path)


def _to_builtin(value: object) -> object:
    """Returns plain data for a value that `canonical_json` accepts, but `msgspec.to_builtins` cannot convert."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # any keys, any values
    return {}  # `value` is a `Raw` (encoded JSON). As a dict, it is refused later in a str or Struct field.


def _find_disguised(value: Struct, path: str) -> None:
    for field in msgspec.structs.fields(type(value)):
        item = getattr(value, field.name)
        if item is UNSET or item is None or item == "" or field.name == "extra":
            continue
        where = f"{path}.{field.encode_name}"
        part = struct_in(field.type)
        if part is not None and isinstance(item, part):
            _find_disguised(item, where)
        elif part is not None:
            raise InvalidRequest(f"{where}: expected {part.__name__}, got {type(item).__name__}", path=where)
        elif str in members(field.type) and not isinstance(item, str | bool | enum.Enum):
            raise InvalidRequest(f"{where}: expected text, got {type(item).__name__}", path=where)


def _allowed(kind: type[Struct], names: list[str]) -> str:
    """Returns the end of an error message: the allowed values of a `Literal` field, such as ": a, b".

    Returns "" for other fields.
    """
    words: list[str] = []
    for name in names:
        field = next((field for field in msgspec.structs.fields(kind) if field.encode_name == name), None)
        if field is None:
            return ""
        words = [word for kind in members(field.type) if get_origin(kind) is Literal for word in get_args(kind)]
        kind = struct_in(field.type) or kind
    return ": " + ", ".join(word or '""' for word in words) if any(words) else ""


# The provider documents no limit for a body. This number is the default limit of Express, a web framework that the
# provider's server probably uses, according to its samples.
MAX_BODY_BYTES = 100_000


def encode_body(endpoint: Endpoint[Q, Any], request: Q) -> bytes:
    """Checks a request and returns its canonical JSON. Raises `InvalidRequest` with the path of an invalid field."""
    if type(request) is not endpoint.request and not isinstance(request, endpoint.request):
        wanted = endpoint.request.__name__
        raise InvalidRequest(f"{endpoint.name} takes {wanted}, got {type(request).__name__}", path="$")
    body = _encode_checked(request) if isinstance(request, Request) else canonical_json(request)
    if len(body) > MAX_BODY_BYTES:
        problem = f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are sent (the provider documents no limit)"
        raise InvalidRequest(problem, path="$")
    return body


def _encode_checked(request: Request) -> bytes:
    checked = FAST_CHECKS[type(request)](request)
    body = (None if checked is None else encode_trusted(checked)) or _encode_checked_slowly(request)
    if body == b"{}":
        raise InvalidRequest("the body is empty; what this call takes goes into extra", path="$")
    return body


def _encode_checked_slowly(request: Request) -> bytes:
    check_amounts(type(request), request)  # The check below does not refuse a float as an amount.
    body = canonical_json(request)
    check_request(request)
    return body
