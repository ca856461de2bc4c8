"""Shows the `order_summary` of a checkout as HTML.

The provider does not document the fields of a summary. Therefore any JSON object is shown.
"""

from typing import Final, TypeGuard

import msgspec

from paycombat_async.sandbox.html_pages import Html, escaped, joined

# Values at this depth and below are shown as JSON text. Nobody would read such deep lists, and a hostile summary may be
# nested a thousand times.
_MAX_DEPTH: Final = 4


def summary_html(summary: object) -> Html:
    """Returns an order summary as HTML lists of names and values.

    Returns empty HTML for an empty or missing summary.
    """
    return _value(summary, 0) if summary else Html("")


def _value(value: object, depth: int) -> Html:
    if depth == _MAX_DEPTH and (_is_object(value) or _is_list(value)):
        return Html(f"<code>{escaped(msgspec.json.encode(value).decode())}</code>")
    if _is_object(value):
        rows = (_row(name, _value(each, depth + 1)) for name, each in value.items())
        return Html(f"<dl>{joined(rows)}</dl>") if value else _plain(None)
    if _is_list(value):
        items = (Html(f"<li>{_value(each, depth + 1)}</li>") for each in value)
        return Html(f"<ul>{joined(items)}</ul>") if value else _plain(None)
    return _plain(value)


def _row(name: str, shown: Html) -> Html:
    label = name.replace("_", " ")
    return Html(f"<div><dt>{escaped(label[:1].upper() + label[1:])}</dt><dd>{shown}</dd></div>")


def _plain(value: object) -> Html:
    words = {None: "none", True: "yes", False: "no"}
    text = words[value] if value is None or isinstance(value, bool) else str(value)
    # in <bdi>, right-to-left text does not change the direction of the text around it
    return Html(f"<bdi>{escaped(text)}</bdi>")


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
