"""Help texts of `paycombat call`: one for each call, with the fields of its request and their types."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct, UnsetType

from paycombat_async._json.annotations import members, struct_in
from paycombat_async.cli.call.specs import CallSpec
from paycombat_async.endpoints import Evidence, Repeat

_EVIDENCE: Final = {
    Evidence.DOCUMENTED: "as on the provider's page",
    Evidence.OBSERVED: "as in the code of a real client; the provider's page does not show it",
    Evidence.INFERRED: "a guess, as the provider's pages do not show it; --path corrects it",
}
_WORDS: Final[dict[Any, str]] = {str: "text", int: "integer", Decimal: "number", bool: "true or false"}


def help_of(spec: CallSpec) -> str:
    """Returns the help text of a call. The lists in it begin with a line \\b, so that click keeps their line breaks."""
    endpoint = spec.endpoint
    path = endpoint.path or "path not known: give it with --path"
    evidence = f" ({_EVIDENCE[endpoint.evidence]})" if endpoint.path else ""
    parts = [f"{spec.about}", f"{endpoint.method} {path}{evidence}. Provider's page: {endpoint.doc}"]
    if spec.is_change:
        again = "safe to repeat" if endpoint.repeat is Repeat.SAFE else "not safe to repeat"
        reference = f" Your own reference is the field {endpoint.reference}." if endpoint.reference else ""
        parts.append(f"It changes something, and is {again}: on a live account the command asks first.{reference}")
    parts += [_kept("Arguments:", _arguments(spec)), _kept("Examples:", _examples(spec))]
    return "\n\n".join(part for part in parts if part)


def summary_of(spec: CallSpec) -> str:
    """Returns the line that describes a call in a list of calls."""
    return f"{spec.endpoint.title} ({spec.endpoint.method})" if spec.endpoint.name == spec.name else spec.about


def _kept(title: str, lines: Iterator[str]) -> str:
    body = "\n".join(f"  {line}" for line in lines)
    return f"\b\n{title}\n{body}" if body else ""


def _arguments(spec: CallSpec) -> Iterator[str]:
    if spec.request is not None:
        yield "@FILE, or - for standard input: the request, a JSON object with these fields,"
        yield "or the fields one by one, NAME=TEXT or NAME:=JSON; they replace those of the file."
        yield from fields_of(spec.request)
        return
    for name in spec.needed:
        yield f"{name}=TEXT  (required)"
    if spec.has_pages:
        yield "page=NUMBER  the page to print, counted from 1; --all prints all pages"
    if spec.takes_size:
        yield "page_size=NUMBER  how many objects a page has"
    if spec.takes_query:
        yield "NAME=TEXT  any further parameter of the query"


def fields_of(kind: type[Struct], prefix: str = "", *, is_needed: bool = True) -> Iterator[str]:
    """Yields a line for each field of a request, with its type. Fields of nested objects have dotted names."""
    for each in msgspec.structs.fields(kind):
        name, inner = f"{prefix}{each.encode_name}", struct_in(each.type)
        is_required = is_needed and each.default is NODEFAULT and each.default_factory is NODEFAULT
        if each.name == "extra":
            continue
        yield f"  {name}: {type_words(each.type)}{'  (required)' if is_required else ''}"
        if inner is not None:
            yield from fields_of(inner, f"{name}.", is_needed=is_required)
    if "extra" in kind.__struct_fields__:
        yield f"  {prefix}NAME: any type  (a field that this SDK does not name)"


def type_words(annotation: Any) -> str:
    """Returns the type of a field in words, such as "text" or "one of: individual, company"."""
    kinds = [kind for kind in members(annotation) if kind is not UnsetType]
    values = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    words = [f"one of: {', '.join(value for value in values if value)}"] if any(values) else []
    if Decimal in kinds:  # the type of an amount is Decimal | int, and "int" need not be listed
        kinds.remove(int)
    words += [_word(kind) for kind in kinds if get_origin(kind) is not Literal]
    words += ['"" to clear it'] if "" in values else []
    return ", or ".join(words)


def _word(kind: Any) -> str:
    origin = get_origin(kind) or kind
    is_object = isinstance(origin, type) and issubclass(origin, Mapping | Struct)
    return _WORDS.get(kind) or ("object" if is_object else "any type")


def _examples(spec: CallSpec) -> Iterator[str]:
    command = f"paycombat call {spec.name}"
    if spec.request is not None:
        yield f"{command} @request.json"
        yield f"{command} - < request.json"
        return
    yield " ".join([command, *(f"{name}=…" for name in spec.needed)])
    if spec.has_pages:
        yield f"{command} page_size=100 --all --output table"
