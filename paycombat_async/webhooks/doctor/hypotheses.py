"""The table of possible mistakes with the HTTP body, in the order in which they are tried.

Each mistake has a function that yields forms of the body. If the mistake was made, one of these forms was signed in
place of the body.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from paycombat_async.webhooks.doctor import byte_forms, json_dumps
from paycombat_async.webhooks.doctor.body import Body
from paycombat_async.webhooks.doctor.byte_forms import Tried
from paycombat_async.webhooks.doctor.cause import Cause, Explanation

SAME_BYTES = (
    "Sign, send and check the very same bytes: hand the raw body of a webhook to unwrap(), before any framework has "
    "read it, and send a request's signed bytes as they are (data= or content=, not json=)."
)
_PRINT_ONCE = (
    "Print the JSON once, as JSON.stringify does (canonical_json() does it), and sign and send these very bytes; "
    "of a webhook, check the raw body."
)
_NO_NEW_LINE = "Sign the body alone: printf %s instead of echo, and a file without a new line at its end."


class Hypothesis(NamedTuple):
    """A possible mistake: its cause, a function that yields the forms of the body to try, a description, a remedy."""

    cause: Cause
    bodies: Callable[[Body], Iterable[Tried]]
    happened: str
    remedy: str

    @property
    def explanation(self) -> Explanation:
        return Explanation(self.cause, self.happened, self.remedy)


def _placeholders(_body: Body) -> Iterable[bytes]:
    return (b"", b"{}", b"[]", b"null", b'""', b"[object Object]", b"undefined", b"None", b"Array")


BODY_HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis(
        Cause.NEW_LINE,
        byte_forms.without_new_line,
        "The body ends in a new line that was not signed.",
        SAME_BYTES,
    ),
    Hypothesis(
        Cause.NEW_LINE,
        byte_forms.with_new_line,
        "A new line after the body was signed, too, and is not in the body.",
        _NO_NEW_LINE,
    ),
    Hypothesis(
        Cause.OUTER_SPACE,
        byte_forms.without_outer_space,
        "The body has white space or zero bytes around it that were not signed.",
        SAME_BYTES,
    ),
    Hypothesis(
        Cause.LINE_ENDS,
        byte_forms.other_line_ends,
        "The line ends of the body were changed between signing and here (CRLF, LF, or none).",
        SAME_BYTES,
    ),
    Hypothesis(
        Cause.BYTE_ORDER_MARK,
        byte_forms.without_mark,
        "The body begins with a byte order mark (EF BB BF) that was not signed.",
        "Write the body as UTF-8 without a byte order mark.",
    ),
    Hypothesis(
        Cause.BYTE_ORDER_MARK,
        byte_forms.with_mark,
        "A byte order mark (EF BB BF) was signed in front of the body and is not in it.",
        "Sign the body as UTF-8 without a byte order mark.",
    ),
    Hypothesis(
        Cause.ENCODING,
        byte_forms.from_other_encodings,
        "The body is not in the encoding that was signed: it was read or written as UTF-16, Latin-1 or UTF-8 twice.",
        "Sign, send and check bytes, not text; the body is UTF-8.",
    ),
    Hypothesis(
        Cause.ENCODING,
        byte_forms.in_other_encodings,
        "The text was signed in another encoding than the body's UTF-8 (UTF-16, Latin-1 or ASCII).",
        "Turn the text into UTF-8 bytes before signing.",
    ),
    Hypothesis(
        Cause.COMPRESSED,
        byte_forms.unpacked,
        "The body is still compressed; what was signed is what comes out of it.",
        "Undo the Content-Encoding first, and check what comes out.",
    ),
    Hypothesis(
        Cause.BODY_BASE64,
        byte_forms.from_base64,
        "The body is Base64; what was signed is what comes out of it.",
        "Decode it first; behind an API gateway look at isBase64Encoded.",
    ),
    Hypothesis(
        Cause.BODY_BASE64,
        byte_forms.in_base64,
        "The Base64 of the body was signed, not the body.",
        "Sign the bytes of the body themselves.",
    ),
    Hypothesis(
        Cause.FORM_ENCODED,
        byte_forms.from_form,
        "The body is URL-encoded, as forms are; what was signed is the JSON within it.",
        "Hand over the raw bytes as they were posted, before a form parser has read them.",
    ),
    Hypothesis(
        Cause.FORM_ENCODED,
        byte_forms.percent_encoded,
        "The URL-encoded body was signed, not the body.",
        _PRINT_ONCE,
    ),
    Hypothesis(
        Cause.FORM_ENCODED,
        json_dumps.as_form,
        "The fields were signed as name=value&…, not as JSON.",
        _PRINT_ONCE,
    ),
    Hypothesis(
        Cause.SPACES,
        json_dumps.without_spaces,
        "The body has spaces or line ends between its parts that were not signed: it was read and printed again.",
        SAME_BYTES,
    ),
    Hypothesis(
        Cause.REPRINTED,
        json_dumps.printed_anew,
        "The body was read and printed again: it has spaces that were not signed, and other escapes.",
        SAME_BYTES,
    ),
    Hypothesis(
        Cause.SPACES,
        json_dumps.with_spaces,
        "The same JSON was signed with spaces behind commas and colons, as Python's json.dumps prints it.",
        _PRINT_ONCE,
    ),
    Hypothesis(
        Cause.INDENTED,
        json_dumps.indented,
        "The same JSON was signed with line ends and indentation.",
        _PRINT_ONCE,
    ),
    Hypothesis(
        Cause.ESCAPES,
        json_dumps.other_escapes,
        r"The same JSON was signed with other escapes: letters as \u…, or not, as json.dumps, Go and .NET differ in.",
        _PRINT_ONCE,
    ),
    Hypothesis(
        Cause.PHP_ESCAPES,
        json_dumps.php_escapes,
        r"The same JSON was signed as PHP's json_encode prints it: slashes as \/ and maybe letters as \u….",
        "Print it once with JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE, and sign and send this very text.",
    ),
    Hypothesis(
        Cause.NUMBERS,
        json_dumps.other_numbers,
        "The same JSON was signed with another form of its numbers, such as 10.00 for 10 or 1000 for 1e3.",
        SAME_BYTES,
    ),
    Hypothesis(
        Cause.KEYS_SORTED,
        json_dumps.sorted_keys,
        "The same JSON was signed with its keys in alphabetical order.",
        _PRINT_ONCE,
    ),
    Hypothesis(
        Cause.PART_SIGNED,
        json_dumps.parts,
        "Only an object within the body was signed, such as its `data`.",
        "Sign the whole body; if the provider signs only a part, everything else in the body is unproven.",
    ),
    Hypothesis(
        Cause.PART_SIGNED,
        json_dumps.wrapped,
        'The body was signed inside an object, as {"data": …}.',
        "Sign what is sent, without a wrapping of your own.",
    ),
    Hypothesis(
        Cause.TEXT_IN_TEXT,
        json_dumps.text_in_text,
        "The JSON was printed twice on one side: once as an object, once more as a text.",
        "Print the object once; a text that is JSON already is signed as it is.",
    ),
    Hypothesis(
        Cause.PYTHON_TEXT,
        json_dumps.python_texts,
        "What was signed is Python's str() of the body or of its object, with Python's quotes.",
        "Sign the bytes of the body, never str(…) of them.",
    ),
    Hypothesis(
        Cause.NOTHING_SIGNED,
        _placeholders,
        "Not this body was signed, but an empty one (nothing, {}, null or a placeholder).",
        "Look where the body is set: it was empty or not yet there when it was signed. "
        "A call without a body carries no signature.",
    ),
)
