"""To which paths the probe sends a call, and when it stops."""

from collections.abc import Callable

import pytest

from paycombat_async import AsyncPayCombat, CreatePaymentRequest, endpoints
from paycombat_async.cli.probe_display import exit_code_of, paths_of
from paycombat_async.cli.probe_trial import Trial, Verdict, try_out
from paycombat_async.endpoints import ENDPOINTS, Endpoint
from paycombat_async.errors import ConnectFailed
from paycombat_async.testing import FakeTransport

CHECKOUT = CreatePaymentRequest(extra={"amount": 2, "currency": "AUD"})
REFUSED = b'{"success":false,"error":{"code":400,"message":["no"]}}'
LISTED = b'{"status":true,"data":[{"customer_id":"customer_1"}]}'
MADE = b'{"status":true,"data":{"id":"checkout_1"}}'
HTML = b"<!doctype html>"


@pytest.fixture(name="client")
def _client(make_client: Callable[..., AsyncPayCombat]) -> AsyncPayCombat:
    return make_client(max_retries=0)


def paths(transport: FakeTransport) -> list[str]:
    return [draft.url.partition("/api/v1")[2] for draft in transport.drafts]


async def test_a_call_that_must_happen_once_goes_on_only_after_a_404(
    client: AsyncPayCombat, transport: FakeTransport
) -> None:
    """Or after a 405: both prove that nothing was made."""
    transport.answer(404, b"{}")
    transport.answer(405, b"Method Not Allowed")
    transport.answer(201, MADE)

    result = await try_out(client, Trial(endpoint=endpoints.CREATE_PAYMENT_REQUEST, request=CHECKOUT))

    assert ["/checkout", "/checkout/create", "/checkout/create-payment-request"] == paths(transport)
    assert (Verdict.HOLDS, True) == (result.finding.verdict, result.finding.is_moved)


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (400, REFUSED, Verdict.REFUSED),
        (403, REFUSED, Verdict.REFUSED),
        (429, b"{}", Verdict.NO_ANSWER),
        (500, REFUSED, Verdict.NO_ANSWER),
        (301, b"", Verdict.NOT_FOUND),
        (200, HTML, Verdict.UNREADABLE),
        (200, b'{"status":true,"data":"made"}', Verdict.UNREADABLE),
    ],
)
async def test_after_anything_else_it_is_not_sent_again(
    client: AsyncPayCombat, transport: FakeTransport, status: int, body: bytes, verdict: Verdict
) -> None:
    """A checkout may have been made."""
    transport.answer(status, body)

    result = await try_out(client, Trial(endpoint=endpoints.CREATE_PAYMENT_REQUEST, request=CHECKOUT))

    assert 1 == len(transport.drafts)
    assert (verdict, None) == (result.finding.verdict, result.reply)


@pytest.mark.parametrize(("status", "body"), [(400, REFUSED), (500, REFUSED), (200, HTML), (302, b""), (404, b"")])
async def test_a_read_goes_on_to_the_next_guess(
    client: AsyncPayCombat, transport: FakeTransport, status: int, body: bytes
) -> None:
    """The wrong path may belong to another call, which answers with anything."""
    transport.answer(status, body)
    transport.answer(200, LISTED)

    result = await try_out(client, Trial(endpoint=endpoints.LIST_CUSTOMERS))

    assert ["/customer/customer", "/customer"] == paths(transport)
    assert result.finding.is_moved
    assert result.reply is not None
    assert {"customers.list": "/api/v1/customer"} == paths_of([result.finding])
    assert 1 == exit_code_of([result.finding])  # although all else holds: the client needs to be told


async def test_a_documented_path_has_no_other(client: AsyncPayCombat, transport: FakeTransport) -> None:
    """Its 404 is about the object."""
    transport.answer(404, b"{}")

    result = await try_out(
        client, Trial(endpoint=endpoints.RETRIEVE_CUSTOMER, parameters={"customer_id": "customer_1"})
    )

    assert (Verdict.NOT_FOUND, 1) == (result.finding.verdict, len(transport.drafts))


async def test_without_a_connection_one_path_is_enough(client: AsyncPayCombat, transport: FakeTransport) -> None:
    """The others would take as long, for nothing."""
    transport.fail(ConnectFailed("nobody is there"))

    result = await try_out(client, Trial(endpoint=endpoints.LIST_CUSTOMERS))

    assert (Verdict.NO_ANSWER, 1) == (result.finding.verdict, len(transport.drafts))


async def test_a_parameter_without_a_place_goes_into_the_query(
    client: AsyncPayCombat, transport: FakeTransport
) -> None:
    """As with `paths=`."""
    transport.answer(404, b"{}")
    transport.answer(200, LISTED)

    result = await try_out(client, Trial(endpoint=endpoints.LIST_PAYMENT_METHODS, parameters={"currency": "AUD"}))

    assert ["/payment-method/AUD", "/payment-method?currency=AUD"] == paths(transport)
    assert result.finding.is_found


async def test_a_query_is_tried_after_all_paths_without_it(client: AsyncPayCombat, transport: FakeTransport) -> None:
    """And named, if it was needed."""
    for _ in range(3):
        transport.answer(400, REFUSED)
    transport.answer(200, b'{"status":true,"data":[{"payin_method_name":"au_bank_npp"}]}')

    result = await try_out(client, Trial(endpoint=endpoints.LIST_PAYIN_METHODS, queries=({}, {"currency": "AUD"})))

    assert "/payin-method/all?currency=AUD" == paths(transport)[-1]
    assert ("only with the query currency=AUD",) == result.finding.notes


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.alternatives], ids=lambda each: each.name)
async def test_no_guess_warns_of_itself(client: AsyncPayCombat, transport: FakeTransport, endpoint: Endpoint) -> None:
    """It is here to be tried; the client is not on this machine."""
    transport.fail(ConnectFailed("nobody is there"))
    names = ("customer_id", "id", "currency", "payin_method_name")
    trial = Trial(
        endpoint=endpoint,
        request=endpoint.request(extra={"amount": 2}) if endpoint.signed else None,
        parameters={name: "x" for name in names if f"{{{name}}}" in "".join(endpoint.alternatives)},
    )

    assert Verdict.NO_ANSWER is (await try_out(client, trial)).finding.verdict
