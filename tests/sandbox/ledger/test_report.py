"""The ledger, asked from another process."""

import json
import socket
import threading
import urllib.error
import urllib.request
from decimal import Decimal

import pytest

from paycombat_async import PayoutBeneficiary
from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox import LedgerReport, Movement, Sandbox, fetch_ledger
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.processes import PATIENCE_S
from tests.sandbox.money import BENEFICIARY

ANA = PayoutBeneficiary.from_mapping(BENEFICIARY)
PATH = "/sandbox/ledger"


def pay(sandbox: Sandbox, *references: str) -> None:
    with PayCombat(token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url) as client:
        for reference in references:
            client.payouts.create(payout(order_id=reference, payout_beneficiary_param=ANA))


def test_it_says_what_the_ledger_says() -> None:
    """Balances and amounts to the digit, every entry in order, and what was paid twice."""
    with Sandbox(balances={"AUD": Decimal("1000.10")}) as sandbox:
        pay(sandbox, "order-1", "order-2", "order-1")

        report = fetch_ledger(sandbox.base_url)

        assert (
            LedgerReport(
                balances=sandbox.ledger.balances(), entries=sandbox.ledger.entries(), doubles=sandbox.ledger.doubles()
            )
            == report
        )
    assert {"AUD": Decimal("850.1")} == report.balances
    assert [Movement.OPENING, *[Movement.PAYOUT] * 3] == [entry.movement for entry in report.entries]
    assert ["order-1"] == [double.reference for double in report.doubles]


def test_asking_leaves_no_trace_and_meets_no_fault() -> None:
    """It is no request of the provider's API: not recorded, not broken, and no token is needed."""
    with (
        Sandbox(faults="500_before_commit") as sandbox,
        urllib.request.urlopen(sandbox.base_url + PATH, timeout=PATIENCE_S) as answer,
    ):
        body = json.loads(answer.read())

        assert {"balances": {}, "entries": [], "doubles": []} == body
        assert 0 == len(sandbox.arrivals)


def test_a_web_page_cannot_ask() -> None:
    """Another name in the Host header is refused: it may be rebound to this machine."""
    with Sandbox() as sandbox:
        request = urllib.request.Request(sandbox.base_url + PATH, headers={"Host": "evil.example"})

        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=PATIENCE_S)

        with refused.value:
            assert 421 == refused.value.code


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_it_can_only_be_read(method: str) -> None:
    """405 for everything else."""
    with Sandbox() as sandbox:
        request = urllib.request.Request(sandbox.base_url + PATH, method=method)

        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=PATIENCE_S)

        with refused.value:
            assert 405 == refused.value.code


@pytest.mark.parametrize(
    "address",
    ["https://127.0.0.1:1", "http://example.com", "127.0.0.1:1", "", "http://[", "http://127.0.0.1:x"],
)
def test_other_addresses_are_refused(address: str) -> None:
    """A ledger is on this machine; nothing is sent elsewhere."""
    with pytest.raises(ConfigurationError, match="on this machine"):
        fetch_ledger(address)


def test_where_nobody_answers_a_sentence_says_so() -> None:
    """So does one where somebody else answers."""
    with Sandbox() as sandbox:
        gone = sandbox.base_url
    with pytest.raises(ConfigurationError, match="nobody answers"):
        fetch_ledger(gone)

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        answer_once(server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        with pytest.raises(ConfigurationError, match="not a sandbox"):
            fetch_ledger(address)


def answer_once(server: socket.socket, answer: bytes) -> None:
    def answer_it() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    threading.Thread(target=answer_it, daemon=True).start()
