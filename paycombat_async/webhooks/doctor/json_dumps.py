"""Forms of a body that result if a tool, such as `jq` or PHP, parses its JSON and prints it again.

Each function yields forms of the body that may have been signed in place of the body. If the body has no such form, the
function yields nothing.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from urllib.parse import urlencode

import msgspec

from paycombat_async.webhooks.doctor import json_forms
from paycombat_async.webhooks.doctor.body import Body
from paycombat_async.webhooks.doctor.byte_forms import and_reprinted

# In a body of at most this many bytes, `other_numbers` also rewrites each of the first 24 numbers alone. In a longer
# body, it only rewrites all numbers together, and all amounts together.
_SMALL = 16 * 1024
_SINGLE_NUMBERS = 24
_MOST_PARTS = 16
_ANY_TEXTS = (str, json_forms.as_javascript, json_forms.as_ascii, json_forms.as_slashes, json_forms.as_php)
_INDENTED = tuple(json_forms.Layout(",", ": ", indent) for indent in ("  ", "    ", "\t"))


def _printed(
    sources: Iterable[tuple[str, ...]], layouts: Iterable[json_forms.Layout], texts: Iterable[json_forms.Rewrite]
) -> Iterator[str | None]:
    """Yields each JSON document in each layout, with its strings rewritten by each function in `texts`.

    `sources` has the tokens of each document. Each result is yielded twice: without and with a new line at the end, as
    `jq` and `echo` add it. An indented document longer than 1 MiB is replaced by None.
    """
    for tokens, layout, text in product(sources, layouts, texts):
        printed = json_forms.printed(tokens, layout, text)
        yield printed
        yield None if printed is None else printed + "\n"


def without_spaces(body: Body) -> Iterator[str | None]:
    if body.tokens:
        yield json_forms.printed(body.tokens)


def printed_anew(body: Body) -> Iterator[str | None]:
    """Yields forms of the body without white space between its tokens, and with other escapes in its strings.

    Yields nothing if the body has no white space between its tokens, because `other_escapes` and `php_escapes` yield
    the forms of such a body.
    """
    if body.tokens and json_forms.printed(body.tokens) != body.text:
        yield from _printed(
            body.sources, [json_forms.COMPACT], [*_ANY_TEXTS[1:], json_forms.as_html_safe, json_forms.as_dotnet]
        )


def with_spaces(body: Body) -> Iterator[str | None]:
    yield from _printed(body.sources, [json_forms.SPACED], _ANY_TEXTS)


def indented(body: Body) -> Iterator[str | None]:
    yield from _printed(body.sources, _INDENTED, _ANY_TEXTS)


def other_escapes(body: Body) -> Iterator[str | None]:
    texts = (json_forms.as_javascript, json_forms.as_ascii, json_forms.as_html_safe, json_forms.as_dotnet)
    yield from _printed(body.sources, [json_forms.COMPACT], texts)


def php_escapes(body: Body) -> Iterator[str | None]:
    yield from _printed(body.sources, [json_forms.COMPACT], [json_forms.as_slashes, json_forms.as_php])


def other_numbers(body: Body) -> Iterator[str | None]:
    most = _SINGLE_NUMBERS if len(body.raw) <= _SMALL else 0
    for tokens in body.sources:
        for changed in json_forms.numbers_rewritten(tokens, most):
            yield json_forms.printed(changed)
            yield json_forms.printed(changed, json_forms.SPACED, json_forms.as_ascii)


def sorted_keys(body: Body) -> Iterator[str]:
    if body.reprinted is None or body.value is None:
        return
    for value, layout, ascii_only in product(
        (body.value, json.loads(body.reprinted)), (json_forms.COMPACT, json_forms.SPACED), (False, True)
    ):
        marks = (layout.comma, layout.colon)
        yield json.dumps(value, sort_keys=True, separators=marks, ensure_ascii=ascii_only)


def parts(body: Body) -> Iterator[bytes]:
    """Yields the objects and arrays in the members of the body's JSON object, and those in their members.

    Each one is yielded twice: as received, and as JavaScript prints it. Only the first 16 in each object are yielded.
    """
    members = _members(body.raw)
    yield from and_reprinted(members)
    for member in members:
        yield from and_reprinted(_members(member))


def _members(raw: bytes) -> list[bytes]:
    try:
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return []
    return [part for part in map(bytes, members.values()) if part[:1] in {b"{", b"["}][:_MOST_PARTS]


def wrapped(body: Body) -> Iterator[bytes]:
    yield from (b'{"data":' + raw + b"}" for raw in body.candidates if body.tokens)


def text_in_text(body: Body) -> Iterator[bytes]:
    """Yields the text inside the body if the body is a JSON string, and the body itself encoded as a JSON string."""
    if isinstance(body.value, str):
        yield from and_reprinted([body.value])
    for raw in body.candidates:
        text = raw.decode("utf-8", "replace")
        yield from and_reprinted([json.dumps(text, ensure_ascii=False), json.dumps(text)])


def python_texts(body: Body) -> Iterator[str]:
    """Yields what Python's `str()` returns for the decoded body, for its bytes (`b'…'`), and for those of its reprint.

    The reprint is the body as JavaScript prints it, `JSON.stringify(JSON.parse(body))`.
    """
    if body.value is not None:
        yield str(body.value)
    yield from (str(raw) for raw in body.candidates)


def as_form(body: Body) -> Iterator[str]:
    """Yields the members of the body's JSON object as `name=value&…`.

    There are four forms: percent-encoded or plain, in the body's order or sorted by name.
    """
    if body.members:
        members = [(name, _scalar(value)) for name, value in body.members.items()]
        for pairs in (members, sorted(members)):
            yield urlencode(pairs, errors="replace")
            yield "&".join(f"{name}={value}" for name, value in pairs)


def _scalar(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
