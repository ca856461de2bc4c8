"""Addresses: whatever an id holds, host, number of segments and query stay what the template says."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paycombat_async import ConfigurationError, InvalidRequest
from paycombat_async._protocol.url import build_url, check_base_url, check_raw_path, check_template

pytestmark = pytest.mark.promise("P9", "P11")

BASE = "https://api.paycombat.com"
TEMPLATE = "/api/v1/customer/customer/{customer_id}"


@given(st.text(max_size=300))
def test_an_id_never_changes_host_segments_or_query(customer_id):
    """Either it is refused, or it arrives as one whole segment."""
    try:
        url = build_url(BASE, TEMPLATE, {"customer_id": customer_id}, None)
    except InvalidRequest:
        return

    parts = urlsplit(url)
    assert ("https", "api.paycombat.com", "", "") == (parts.scheme, parts.netloc, parts.query, parts.fragment)
    assert 5 == parts.path.count("/")
    assert customer_id == unquote(parts.path.split("/")[-1])
    assert url.isascii()


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        ".",
        "..",
        "a/b",
        "../admin",
        "a\\b",
        "a\nb",
        "a\r\nX: y",
        "\x00",
        "\x7f",
        "\x85",
        "\ud83d",
        "x" * 256,
        5,
        None,
    ],
    ids=repr,
)
def test_hostile_ids_are_refused(hostile):
    """Each of these values changed the path, or was lost, with some URL builder."""
    with pytest.raises(InvalidRequest) as caught:
        build_url(BASE, TEMPLATE, {"customer_id": hostile}, None)

    assert "customer_id" == caught.value.path


@pytest.mark.parametrize(
    ("given_id", "sent"),
    [
        ("customer_1", "customer_1"),
        ("a b", "a%20b"),
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("김", "%EA%B9%80"),
    ],
)
def test_odd_ids_are_encoded_whole(given_id, sent):
    """Nothing is left for a server to decode twice."""
    assert f"{BASE}/api/v1/customer/customer/{sent}" == build_url(BASE, TEMPLATE, {"customer_id": given_id}, None)


def test_the_query_is_encoded_with_nothing_left_safe():
    """Text and int only; `+`, `&` and `/` cannot break out."""
    url = build_url(BASE, "/api/v1/x", {}, {"page": 2, "q": "a+b&c=/d é"})

    assert f"{BASE}/api/v1/x?page=2&q=a%2Bb%26c%3D%2Fd%20%C3%A9" == url


@pytest.mark.parametrize("value", [True, None, 1.5, float("nan"), "\ud800"], ids=repr)
def test_other_query_values_are_refused(value):
    """bool, None and floats have no one spelling in a query."""
    with pytest.raises(InvalidRequest):
        build_url(BASE, "/api/v1/x", {}, {"q": value})


@pytest.mark.parametrize("path", [{}, {"id": "1"}, {"customer_id": "1", "more": "2"}], ids=repr)
def test_path_parameters_must_fit_the_template(path):
    """Too few, others or too many: said before anything is sent."""
    with pytest.raises(ConfigurationError):
        build_url(BASE, TEMPLATE, path, None)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.paycombat.com",
        "http://127.0.0.1.evil.com",
        "ftp://x",
        "api.paycombat.com",
        "https://",
        "https://user:pass@host",
        "https://host?x=1",
        "https://host#f",
        "https://host:port",
        "https://hést",
    ],
)
def test_base_urls_that_would_leak_are_refused(base_url):
    """Plain http is accepted only for loopback addresses."""
    with pytest.raises(ConfigurationError):
        check_base_url(base_url)


@pytest.mark.parametrize(
    "base_url", ["https://x.example/", "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1"]
)
def test_https_and_loopback_are_taken(base_url):
    """Accepted base URLs lose the slash at their end."""
    assert base_url.rstrip("/") == check_base_url(base_url)


@pytest.mark.parametrize(
    "template",
    [
        "x/{customer_id}",
        "//evil.com/{customer_id}",
        "/a/../{customer_id}",
        "/a/./{customer_id}",
        "/a?b={customer_id}",
        "/a b/{customer_id}",
        "https://evil.com/{customer_id}",
        "/a/{other}",
        "/a",
    ],
)
def test_templates_of_the_user_are_checked(template):
    """A path, with the parameters of the endpoint, and nothing else."""
    with pytest.raises(ConfigurationError):
        check_template("customers.retrieve", template, TEMPLATE)


@pytest.mark.parametrize(
    "path", ["x", "//evil.com", "/a/../b", "/a?b=c", "/a b", "/é", "/%zz", "/a\n", "/a/%2e%2E/b", "/.%2e"]
)
def test_raw_paths_are_checked(path):
    """The escape hatch takes encoded paths only."""
    with pytest.raises(InvalidRequest):
        check_raw_path(path)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api..paycombat.com",
        "https://.paycombat.com",
        "https://api.paycombat.com..",
        "https://-api.paycombat.com",
        "https://api-.paycombat.com",
        f"https://{'x' * 64}.paycombat.com",
        f"https://{'x.' * 127}com",
        "https://.",
        "https://1.2.3",
        "https://1.2.3.4.5",
        "https://2130706433",
        "https://256.1.1.1",
        "https://[1.2.3.4]",
        "https://[::g]",
        "https://[:::1]",
        "https://h/..",
        "https://h/a/../b",
        "https://h/./",
        "https://h/.",
        "http://localhost:8790/api/v1",
        "https://api.paycombat.com/api/v1/",
        "https://gateway.example/paycombat/api/v1",
    ],
)
def test_a_base_url_that_cannot_work_is_refused_at_once(base_url):
    """Each of these failed at the first call only, some with an exception of another library."""
    with pytest.raises(ConfigurationError, match="base_url"):
        check_base_url(base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.paycombat.com",
        "https://api.paycombat.com.",
        "https://API.PAYCOMBAT.COM:8443",
        f"https://{'x' * 63}.paycombat.com",
        "https://pay_gateway",
        "https://xn--bcher-kva.example",
        "https://10.0.0.1",
        "https://[2001:db8::1]:8443",
        "https://gateway.example/paycombat",
        "https://gateway.example/api",
        "http://localhost:8790",
        "http://[::1]:8790",
    ],
)
def test_a_base_url_that_can_work_is_taken_as_it_is(base_url):
    """Also one with a path of its own, as gateways have."""
    assert base_url == check_base_url(base_url)
