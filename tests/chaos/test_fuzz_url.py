"""Addresses: whatever ids, queries and templates hold, a call goes where its template says, or nowhere."""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from paycombat_async import ConfigurationError, InvalidRequest, Secret, Signer
from paycombat_async._protocol.draft import draft
from paycombat_async._protocol.messages import ClientConfig
from paycombat_async._protocol.url import build_url, check_base_url, check_raw_path
from paycombat_async._settings import read_config
from tests.calls import BY_NAME, CHECKOUT_ACCOUNT, CUSTOMER, NEW_CHECKOUT, PATHS, PAYIN, PAYMENT_REQUEST, payout
from tests.chaos.answers import ACCOUNT as VIRTUAL_ACCOUNT
from tests.chaos.answers import SIMULATED
from tests.chaos.soak import examples

pytestmark = pytest.mark.promise("P9", "P11")

BASE: Final = "https://api.paycombat.com:8443"
KEY: Final = Secret("snd_key-of-the-fuzz")
TOKEN: Final = Secret("snd_token-of-the-fuzz")
REQUESTS: Final[dict[str, object]] = {
    "payins.create": PAYIN,
    "payins.create_virtual_account": VIRTUAL_ACCOUNT,
    "payins.simulate": SIMULATED[0],
    "payouts.create": payout(),
    "payouts.simulate": SIMULATED[1],
    "checkouts.create": PAYMENT_REQUEST,
    "checkouts.create_new": NEW_CHECKOUT,
    "checkouts.create_virtual_account": CHECKOUT_ACCOUNT,
    "customers.create": CUSTOMER,
    "customers.update": SIMULATED[2],
}
# Every hole that there is, in a template of the record or of the user.
HOLES: Final = {name: re.findall(r"\{(\w+)\}", PATHS.get(name) or BY_NAME[name].path or "") for name in BY_NAME}
_SENDABLE = re.compile(r"https://api\.paycombat\.com:8443(?:/[A-Za-z0-9_\-.~%]*)+(?:\?[A-Za-z0-9_\-.~%=&]+)?", re.ASCII)

ids = (
    st.sampled_from([".", "..", "../x", "a/b", "a\\b", "", "%2e", "x" * 256])
    | st.text(max_size=20)
    | st.text("./\\%?#&=:@{}$ \r\n\t\0é\ud800", max_size=8)
    | st.integers()
    | st.none()
)
values = ids | st.booleans() | st.floats() | st.just(10**5_000)
queries = st.dictionaries(st.text(max_size=6) | st.sampled_from(["page", "limit", "a&b"]), values, max_size=4)


def templates(holes: list[str]) -> st.SearchStrategy[str]:
    """What a user may take for a path: holes, stray braces, format tricks, other hosts."""
    parts = st.sampled_from(
        [
            *("/", "/api/v1", "thing", ".", "..", "//", "{", "}", "{}", "{{", "}}", "{0}", "{id.upper}", "{id!r}"),
            *("{id:>9}", "{other}", "?x=1", "#f", "%2e", "https://evil.example", "@evil", "\\", "\n", " ", "é", ":80"),
            *(f"{{{hole}}}" for hole in holes),
            *(f"{{{hole}.__class__}}" for hole in holes),
            *(f"/{{{hole}}}" for hole in holes * 3),
        ]
    )
    return st.lists(parts, max_size=6).map(lambda found: "/" + "".join(found)) | st.text(max_size=12)


def sent_to(name: str, path: dict[str, Any], query: dict[str, Any] | None, template: str | None) -> str | None:
    """Where the client would send this call; None if it refuses to."""
    paths = {**PATHS, **({} if template is None else {name: template})}
    try:
        account = read_config(TOKEN, KEY, BASE, paths, {})
        return draft(BY_NAME[name], REQUESTS.get(name), path, query, account).url
    except (InvalidRequest, ConfigurationError):
        return None


def arrives_whole(url: str, template: str, path: dict[str, Any], query: dict[str, Any]) -> bool:
    """Whether origin, segments and query are those of the template, each value whole in its place."""
    parts = urlsplit(url)
    pattern = re.escape(template)
    for hole, value in path.items():
        pattern = pattern.replace(re.escape(f"{{{hole}}}"), re.escape(str(value)))
    segments = [unquote(segment) for segment in parts.path.split("/")]
    wanted = [(key, str(value)) for key, value in query.items()]
    return (
        _SENDABLE.fullmatch(url) is not None
        and URL(url, encoded=True).raw_path_qs == url.removeprefix(BASE)
        and template.count("/") == parts.path.count("/")
        and not {".", ".."} & set(segments)
        and "//" not in parts.path
        and re.fullmatch(pattern, "/".join(segments), re.DOTALL) is not None
        and wanted == parse_qsl(parts.query, keep_blank_values=True, max_num_fields=99)
    )


@examples("urls")
@given(st.data(), st.sampled_from(sorted(BY_NAME)), st.none() | queries)
def test_no_id_and_no_query_changes_where_a_call_goes(
    data: st.DataObject, name: str, query: dict[str, Any] | None
) -> None:
    """For every endpoint, under the path of the record or the one that the user gave for it."""
    path = {hole: data.draw(ids) for hole in HOLES[name]}

    url = sent_to(name, path, query, None)

    assert url is None or arrives_whole(url, PATHS.get(name) or str(BY_NAME[name].path), path, query or {})


@examples("templates")
@given(st.data(), st.sampled_from(sorted(BY_NAME)))
def test_any_template_is_refused_or_kept_to(data: st.DataObject, name: str) -> None:
    """What passes for a path is filled as it reads; nothing in it is a format, another host or a way up."""
    template = data.draw(templates(HOLES[name]))
    path = {hole: data.draw(st.text(min_size=1, max_size=6)) for hole in HOLES[name]}

    url = sent_to(name, path, None, template)

    if url is not None:
        in_the_path = {hole: value for hole, value in path.items() if f"{{{hole}}}" in template}
        beside_it = {hole: value for hole, value in path.items() if hole not in in_the_path}
        assert arrives_whole(url, template, in_the_path, beside_it)


@pytest.mark.parametrize(
    "template",
    ["/a/{customer_id}/{x.y}", "/a/{customer_id}}", "/a/{{customer_id}}", "/a/{customer_id}/{", "/a/{customer_id}/{}"],
)
def test_a_template_with_stray_braces_is_refused_at_once(template: str) -> None:
    """Not in the middle of a run, by an error of Python's, nor by a call of nobody."""
    with pytest.raises(ConfigurationError, match=re.escape("paths['customers.delete']")):
        read_config(TOKEN, KEY, BASE, {"customers.delete": template}, {})


def test_a_number_too_long_for_a_text_is_refused() -> None:
    """Python itself does not print it."""
    with pytest.raises(InvalidRequest) as caught:
        build_url(BASE, "/a", {}, {"page": 10**5_000})

    assert "page" == caught.value.path


@examples("urls")
@given(st.text(max_size=20) | st.text("/ab.%2ef{}?#@:\\\n\r\t ", max_size=12).map(lambda text: f"/{text}"))
def test_a_raw_path_is_sent_as_it_is_or_refused(path: str) -> None:
    """The escape hatch leads to this host only, and every character of it goes out."""
    account = ClientConfig(BASE, TOKEN, Signer("snd_key"), {})
    try:
        url = build_url(account.base_url, check_raw_path(path), {}, None)
    except (InvalidRequest, ConfigurationError):
        return

    parts = urlsplit(url)
    assert (BASE, path, "", "") == (f"{parts.scheme}://{parts.netloc}", parts.path, parts.query, parts.fragment)
    assert path == URL(url, encoded=True).raw_path_qs
    assert path.isascii()
    assert path.isprintable()


HOSTS: Final = [
    "api.paycombat.com",
    "[::1]x",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "evil.example",
    "[",
    "a@b",
    "x:99999",
    "x\\y",
]


@st.composite
def base_urls(draw: Callable[..., Any]) -> str:
    """Near misses: other schemes, users, ports, white space inside and around."""
    white = st.sampled_from(["", "", "", "\n", "\t", " ", "\r\n", "\x00", "\u00a0"])
    scheme = draw(st.sampled_from(["https://", "http://", "HTTPS://", "https:/", "//", "ftp://", ""]))
    rest = draw(st.sampled_from(["", "/", "//", "/api", "?x", "#f", "/..", ":80", ":", "?", "#"]))
    host: str = draw(st.sampled_from(HOSTS))
    return f"{draw(white)}{scheme}{draw(white)}{host}{draw(white)}{rest}{draw(white)}"


@examples("urls")
@given(base_urls() | st.text(max_size=12))
def test_a_base_url_is_what_it_looks_like_or_refused(base_url: str) -> None:
    """Two readers of one text, urllib and yarl, must not find two hosts in it, and no line may end in it."""
    try:
        checked = check_base_url(base_url)
    except ConfigurationError:
        return

    assert checked.isascii()
    assert checked.isprintable()
    assert " " not in checked
    read = URL(f"{checked}/a", encoded=True)
    assert urlsplit(checked).hostname == read.host
    assert read.scheme == "https" or read.host in {"localhost", "127.0.0.1", "::1"}
    assert f"{checked}/a".endswith(read.raw_path_qs)
