"""Secrets stay out of everything that can be printed, pickled, copied or walked."""

import base64
import copy
import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async._secrets import REDACTED, Redactor, Secret

pytestmark = pytest.mark.promise("P7")

TOKEN = "snd_S3CRET0123456789"
LARAVEL = "eyJpdiI6/IkQ3K2Fh+b=="  # base64 has slashes, which PHP escapes in JSON

HEX = "3f8a" * 16  # no secret of the redactor: a signature that it has never seen

SHOWN: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": format,
    "width": lambda secret: format(secret, ">40"),
    "f-string": lambda secret: f"{secret}",
    "f-string with repr": lambda secret: f"{secret!r:>40}",
    "%s": lambda secret: "%s" % secret,  # noqa: UP031  # the form under test
    "%r": lambda secret: "%r" % secret,  # noqa: UP031  # the form under test
    "str.format": "{0} {0!s} {0!r}".format,
    "in a list": lambda secret: repr([secret, {"key": secret}]),
    "in an error": lambda secret: "".join(traceback.format_exception(ValueError(secret))),
    "in a log record": lambda secret: logging.LogRecord("n", 10, "p", 1, "%s", (secret,), None).getMessage(),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_secret_does_not_show_itself(show: Callable[[Secret], str]) -> None:
    """However it is printed, stars come out."""
    shown = show(Secret(TOKEN))

    assert REDACTED in shown
    assert TOKEN not in shown


@pytest.mark.parametrize(
    "take",
    [copy.copy, copy.deepcopy, *(lambda it, protocol=p: pickle.dumps(it, protocol) for p in range(6))],
    ids=["copy", "deepcopy", *(f"pickle {p}" for p in range(6))],
)
def test_a_secret_cannot_be_carried_away(take: Callable[[object], object]) -> None:
    """Neither copied nor pickled, alone or inside something else."""
    for carried in (Secret(TOKEN), [Secret(TOKEN)], {"token": Secret(TOKEN)}):
        if take is copy.copy and not isinstance(carried, Secret):
            continue
        with pytest.raises(TypeError, match="cannot be pickled or copied") as caught:
            take(carried)
        assert TOKEN not in str(caught.value)


def test_a_secret_has_no_dict_and_no_equal() -> None:
    """A reporter walking `vars` finds nothing, and comparing cannot be used for guessing."""
    with pytest.raises(TypeError):
        vars(Secret(TOKEN))

    assert Secret(TOKEN) != Secret(TOKEN)
    assert TOKEN not in [Secret(TOKEN), Secret("")]
    with pytest.raises(TypeError):
        json.dumps(Secret(TOKEN))


def test_a_secret_is_revealed_when_asked() -> None:
    """The one way in is the method with the telling name."""
    assert Secret(TOKEN).reveal() == TOKEN


def test_a_redactor_does_not_show_its_secrets() -> None:
    """It holds them, so it must keep them like a secret does."""
    redact = Redactor([Secret(TOKEN)])

    with pytest.raises(TypeError):
        vars(redact)
    with pytest.raises(TypeError):
        pickle.dumps(redact)
    with pytest.raises(TypeError):
        copy.deepcopy(redact)
    assert TOKEN not in f"{redact} {redact!r}"


REDACTIONS: dict[str, tuple[str, str]] = {
    "known": (f"X-token: {TOKEN}", "X-token: ***"),
    "known, twice": (f"{TOKEN}{TOKEN}", "******"),
    "checkout address": (
        "https://checkout.example/?token=abc&identifier=mk_1&lang=ko",
        "https://checkout.example/?token=***&identifier=***&lang=ko",
    ),
    "checkout address in JSON": (
        '{"checkout_url":"https://c.example/?token=a1&identifier=mk_1","id":"7"}',
        '{"checkout_url":"https://c.example/?token=***&identifier=***","id":"7"}',
    ),
    "upper case": ("?TOKEN=abc&Identifier=x", "?TOKEN=***&Identifier=***"),
    "HTML entity": ("?a=1&amp;identifier=mk_1&amp;b=2", "?a=1&amp;identifier=***&amp;b=2"),
    "JSON fields": (
        '{"token": "a", "X-Token":"b", "signature" : "c", "signature_key":"d", "id":"e"}',
        '{"token": "***", "X-Token":"***", "signature" : "***", "signature_key":"***", "id":"e"}',
    ),
    "header line": (f"signature: {HEX}\r\nContent-Type: x", "signature: ***\r\nContent-Type: x"),
    "header line in capitals": (f"X-SIGNATURE:{HEX};", "X-SIGNATURE:***;"),
    "header line with another's token": ("X-Token: snd_0123456789abcdef (bad)", "X-Token: *** (bad)"),
    "dict of Python": (f"{{'signature': '{HEX}', 'a': 'b'}}", "{'signature': '***', 'a': 'b'}"),
    "array of PHP": (f"[signature] => {HEX}", "[signature] => ***"),
    "JSON in JSON": (rf'"{{\"signature\":\"{HEX}\"}}"', r'"{\"signature\":\"***\"}"'),
    "form": (f"a=1&signature%3A%20{HEX}&b=2", "a=1&signature%3A%20***&b=2"),
    "authorization": ("Authorization: Bearer abc.def, x", "Authorization: Bearer *** x"),
    "authorization of a proxy": ("proxy-authorization: Basic dTpw\r\n", "proxy-authorization: Basic ***\r\n"),
    "sentence about a token": ("invalid token: expired on Monday", "invalid token: expired on Monday"),
    "nothing secret": ('{"customer_id":"customer_1","message":"ok"}', '{"customer_id":"customer_1","message":"ok"}'),
    "other fields with like names": ('{"token_type":"x"}?tokens=3', '{"token_type":"x"}?tokens=3'),
    "empty": ("", ""),
}


@pytest.mark.parametrize(("text", "expected"), REDACTIONS.values(), ids=REDACTIONS)
def test_known_and_likely_secrets_are_taken_out(text: str, expected: str) -> None:
    """Everything else stays readable."""
    assert expected == Redactor([Secret(TOKEN)])(text)


LEAKS: dict[str, str] = {
    "ampersand escaped as in JSON of Go and Java": r"https://c.example/?a=1\u0026identifier=mk_S3CRET",
    "slash escaped as in JSON of PHP": r'{"url":"https:\/\/c.example\/?identifier=eyJ\/S3CRET&a=1"}',
    "quote escaped in a JSON field": r'{"token":"a\"S3CRET","id":"1"}',
}


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS)
def test_escapes_do_not_end_a_secret(text: str) -> None:
    """A backslash inside an address or a JSON text does not let the rest of the secret through."""
    assert "S3CRET" not in Redactor()(text)


def test_a_known_secret_is_found_in_php_json() -> None:
    """PHP writes a slash as backslash and slash; the token is still the token."""
    body = json.dumps({"echo": f"bad token {LARAVEL}"}).replace("/", r"\/")

    shown = Redactor([Secret(LARAVEL)])(body)

    assert "IkQ3K2Fh" not in shown


@pytest.mark.parametrize("order", [1, -1], ids=["short first", "long first"])
def test_of_two_secrets_that_begin_alike_both_vanish_whole(order: int) -> None:
    """Token and key may share a beginning; the end of the longer one must not be left standing."""
    secrets = [Secret("snd_abc"), Secret("snd_abcTAIL")][::order]

    assert Redactor(secrets)("x snd_abcTAIL y snd_abc z") == "x *** y *** z"


def test_an_empty_secret_changes_nothing() -> None:
    """A client without a key must not fill its texts with stars."""
    assert Redactor([Secret("")])("abc") == "abc"


@pytest.mark.parametrize("before", ["", "x", "xx", "xxx", "user:"])
@pytest.mark.parametrize("after", ["", "y", "yy"])
def test_a_secret_within_base64_is_found_wherever_it_begins(before: str, after: str) -> None:
    """Three bytes are four characters, so that the same secret is written in three ways."""
    encoded = base64.b64encode(f"{before}{TOKEN}{after}".encode()).decode()

    shown = Redactor([Secret(TOKEN)])(f"got {encoded} back")

    assert "***" in shown
    for left in re.findall(r"[A-Za-z0-9+/]{8,}", shown):
        assert TOKEN[2:-2].encode() not in base64.b64decode(left + "=" * (-len(left) % 4))
    assert len(shown) < len(encoded)


def test_a_secret_at_the_end_of_what_is_searched_is_not_shown_in_part() -> None:
    """Only the beginning of a long answer is searched; the secret that is cut there does not look like itself."""
    secret = "snd_" + "5eCret" * 160
    shown = Redactor([Secret(secret)])(f"{secret} " * 40)

    assert "***" in shown
    assert "5eCret" not in shown


def test_text_is_clipped_after_it_was_redacted() -> None:
    """A clip through the middle of a secret would leave its beginning."""
    redact = Redactor([Secret(TOKEN)])

    for limit in range(5, 5 + len(TOKEN)):
        assert "snd_" not in redact("12345" + TOKEN + "tail", limit)


def test_long_text_is_clipped_and_says_so() -> None:
    """At the limit nothing happens, beyond it the cut is marked."""
    redact = Redactor()

    assert redact("x" * 10, 10) == "x" * 10
    assert redact("x" * 11, 10) == "x" * 10 + "…"
    assert len(redact("x" * 10_000)) == 2049


secrets = st.text(st.characters(exclude_characters="*…"), min_size=1, max_size=12)


@given(
    known=st.lists(secrets, min_size=1, max_size=3), around=st.lists(st.text(max_size=20), max_size=6), data=st.data()
)
def test_a_known_secret_never_survives(known: list[str], around: list[str], data: st.DataObject) -> None:
    """Whatever stands around it, and wherever the text is cut."""
    pieces = data.draw(st.permutations([*known, *known, *around]))
    limit = data.draw(st.integers(0, 80))

    shown = Redactor([Secret(secret) for secret in known])("".join(pieces), limit)

    assert [secret for secret in known if secret in shown] == []
