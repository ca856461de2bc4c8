"""`paycombat probe`: what it says of a provider that is as expected, and of one that is not."""

import ast
import json
import os
import re
import signal
from typing import Any

import pytest

from paycombat_async import CreatePaymentRequest, PayoutBeneficiary
from paycombat_async.endpoints import ENDPOINTS, Evidence
from paycombat_async.sandbox import Fault, Sandbox
from paycombat_sync import PayCombat
from tests.calls import payout
from tests.cli.command import COMMAND, environment, run_here, start
from tests.cli.other_provider import other_provider
from tests.processes import PATIENCE_S, Ended, Process
from tests.sandbox.money import BENEFICIARY

LIVE = {"PAYCOMBAT_TOKEN": "live_0123", "PAYCOMBAT_SIGNATURE_KEY": "live_4567"}
ANA = PayoutBeneficiary.from_mapping(BENEFICIARY)
WRITES = {
    *("customers.create", "customers.update", "customers.disable", "customers.enable", "customers.delete"),
    *("checkouts.create", "checkouts.create_new", "payins.create", "payins.simulate"),
}
NEVER = {
    *("payouts.create", "payouts.simulate", "payins.create_virtual_account", "checkouts.create_virtual_account"),
}


def paths_in(printed: str) -> Any:
    """The argument that it prints."""
    return ast.literal_eval(printed.partition("paths=")[2].partition("\n}")[0] + "}")


def by_name(ended: Ended) -> dict[str, dict[str, Any]]:
    return {finding["endpoint"]: finding for finding in json.loads(ended.stdout)["findings"]}


def test_a_provider_as_expected_gives_0() -> None:
    """Every call holds; the paths that the SDK does not have are found, and a client that is given them works."""
    with Sandbox(customers=2) as sandbox:
        probed = run_here("probe", "--yes", sandbox=sandbox)
        paths = paths_in(probed.stdout)
        with PayCombat(
            token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url, paths=paths
        ) as client:
            list(client.payment_methods.list("AUD"))
            client.customers.check_wallet_ready(sandbox.customer_ids[0])
        left = len(list(sandbox.customer_ids))

    assert (0, "") == (probed.returncode, probed.stderr)
    lines = probed.stdout.partition("\n\n")[0].splitlines()
    assert {endpoint.name for endpoint in ENDPOINTS} == {re.split(r" +|: ", line)[1] for line in lines}
    assert {"holds", "found", "skipped"} == {line.split()[0] for line in lines}
    assert dict(sandbox.paths) == paths
    assert "10 of 10 guessed paths hold; 0 answers differ" in probed.stdout
    assert 2 == left


def test_without_yes_nothing_is_written() -> None:
    """Nobody is there to be asked: only reads are sent, and it says how to get the rest."""
    with Sandbox(customers=1) as sandbox:
        probed = run_here("probe", "--json", sandbox=sandbox)
        methods = {arrival.method for arrival in sandbox.arrivals}

    found = by_name(probed)
    assert 0 == probed.returncode
    assert {"GET"} == methods
    assert WRITES == {name for name, finding in found.items() if finding["reason"].startswith("it writes")}


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
@pytest.mark.parametrize(("answer", "has_writes"), [("n\n", False), ("y\n", True)], ids=["no", "yes"])
def test_at_a_terminal_it_asks_before_it_writes(answer: str, has_writes: bool) -> None:
    """The question says what would be made; only a yes makes it."""
    ours, theirs = os.openpty()
    with Sandbox(customers=1) as sandbox:
        with Process(*COMMAND, "probe", env=environment(sandbox), stdin=theirs) as process:
            os.close(theirs)
            asked = process.complaint("[y/N]: ")
            os.write(ours, answer.encode())
            ended = process.end()
        os.close(ours)
        methods = {arrival.method for arrival in sandbox.arrivals}

    assert "They make a customer, a checkout and a payin of 1.50 in the sandbox account" in asked
    assert 0 == ended.returncode
    assert has_writes == ("POST" in methods)


def test_money_is_never_sent() -> None:
    """Not even with --yes: no payout, and no account at a bank."""
    with Sandbox(customers=1) as sandbox:
        probed = run_here("probe", "--yes", "--json", sandbox=sandbox)
        sent = {arrival.operation for arrival in sandbox.arrivals}
        movements = [entry.movement.value for entry in sandbox.ledger]

    assert not NEVER & sent
    assert WRITES <= sent
    assert ["opening", "payin"] == movements
    assert NEVER == {name for name, finding in by_name(probed).items() if finding["verdict"] == "skipped"} - {
        "payouts.retrieve"
    }


@pytest.fixture(name="probed", scope="module")
def _probed() -> tuple[Ended, Ended, list[str]]:
    """What it says of the other provider, as JSON and as text, and the requests that the first one made."""
    with Sandbox(customers=3) as sandbox:
        with PayCombat(token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url) as client:
            client.payouts.create(payout(payout_beneficiary_param=ANA))
            for _ in range(3):
                client.checkouts.create(CreatePaymentRequest(extra={"amount": 2, "currency": "AUD"}))
        with other_provider(sandbox) as provider:
            place = {"PAYCOMBAT_BASE_URL": provider.base_url}
            as_json = run_here("probe", "--yes", "--json", sandbox=sandbox, **place)
            requests = list(provider.requests)
            return as_json, run_here("probe", "--yes", sandbox=sandbox, **place), requests


# What is different there, and what the probe says of it.
SAID: dict[str, dict[str, Any]] = {
    "payin_methods.list": {
        "verdict": "holds",
        "path": "/api/v1/payin-method",
        "tried": {"/api/v1/payin-method/all": "404"},
    },
    "customers.list": {
        "verdict": "holds",
        "path": "/api/v1/customer",
        "tried": {"/api/v1/customer/customer": "404"},
    },
    "customers.enable": {
        "verdict": "holds",
        "path": "/api/v1/customer/{customer_id}/enable",
        "tried": {"/api/v1/customer/enable/{customer_id}": "404"},
    },
    "customers.check_wallet_ready": {
        "verdict": "holds",
        "guess": None,
        "path": "/api/v1/customer/{customer_id}/wallet-ready",
    },
    "payout_methods.list": {
        "verdict": "holds",
        "notes": [
            "only with the query sender_country=AU&sender_currency=AUD&beneficiary_country=AU&beneficiary_currency=AUD"
        ],
    },
    "payouts.list": {"verdict": "differs", "differences": ["$.data[].settlement_id: unknown_field"]},
    "merchant.payout_balance": {
        "verdict": "differs",
        "differences": ["$.data.available: unknown_field", "$.data.balance: missing"],
    },
    "customers.update": {
        "verdict": "differs",
        "differences": [
            "$.data.organization_reference_id: not what was sent",
            '$.data.organization_reference_id: not cleared by ""',
        ],
    },
    "customers.retrieve": {"verdict": "differs", "differences": ["$.data.is_active: wrong_type"]},
    "checkouts.list": {
        "verdict": "differs",
        "differences": ["?limit=1: ignored", "?page=2: the same items as on page 1"],
    },
    "checkouts.create": {
        "verdict": "not found",
        "path": None,
        "tried": {
            "/api/v1/checkout": "404",
            "/api/v1/checkout/create": "404",
            "/api/v1/checkout/create-payment-request": "404",
        },
    },
    "payins.create": {"verdict": "refused", "path": None, "tried": {"/api/v1/payin/create": "400"}},
    "payment_methods.list": {"verdict": "unreadable", "path": None},
    "master_data.countries_and_currencies": {"verdict": "no answer", "path": None},
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_different_is_said(name: str, probed: tuple[Ended, Ended, list[str]]) -> None:
    """Verdict, path, what was tried, and the fields by name."""
    finding = by_name(probed[0])[name]

    assert SAID[name] == {key: finding[key] for key in SAID[name]}


def test_all_else_holds_there(probed: tuple[Ended, Ended, list[str]]) -> None:
    """A difference in one call is not blamed on another one."""
    found = by_name(probed[0])
    rest = {name: finding["verdict"] for name, finding in found.items() if name not in SAID}

    assert {"holds", "skipped"} == set(rest.values())
    assert {"customers.create", "customers.disable", "customers.delete", "payouts.retrieve"} <= {
        name for name, verdict in rest.items() if verdict == "holds"
    }


def test_it_prints_the_paths_that_mend_it(probed: tuple[Ended, Ended, list[str]]) -> None:
    """The same in both forms; every path is one that a client takes."""
    as_json, as_text, _ = probed
    mended = {name: said["path"] for name, said in SAID.items() if said.get("path")}
    found = {"checkouts.va_bank_information": "/api/v1/checkout/va-bank-information"}

    assert (1, 1) == (as_json.returncode, as_text.returncode)
    assert mended | found == json.loads(as_json.stdout)["paths"] == paths_in(as_text.stdout)
    with PayCombat(token="snd_x", signature_key="snd_y", base_url="http://127.0.0.1:1", paths=mended | found):
        pass


def test_the_text_can_be_read(probed: tuple[Ended, Ended, list[str]]) -> None:
    """A line for each call, its differences below it, the provider's words for a refusal, and what holds."""
    text = probed[1].stdout

    assert "moved       customers.list: GET /api/v1/customer; not /api/v1/customer/customer (404)\n" in text
    assert "\n            $.data.is_active: wrong_type\n" in text
    assert re.search(r"\nrefused     payins\.create: 400: .*payin_method_param is required", text)
    assert re.search(r"\nskipped     payins\.simulate: no payin_id is known to call it with\n", text)
    assert "guessed paths hold" in text
    assert "" == probed[1].stderr


def test_a_write_goes_elsewhere_only_after_a_404(probed: tuple[Ended, Ended, list[str]]) -> None:
    """A payin that was refused is not sent to another path; a checkout that found none was sent to each once."""
    posts = [request for request in probed[2] if request.startswith("POST")]

    assert 1 == posts.count("POST /api/v1/payin/create")
    assert [1, 1, 1] == [posts.count(f"POST {path}") for path in SAID["checkouts.create"]["tried"]]
    assert 5 == len(posts)


def test_values_of_answers_are_not_shown(probed: tuple[Ended, Ended, list[str]]) -> None:
    """Neither names nor numbers of customers, nor a checkout's address, which carries the token."""
    for ended in probed[:2]:
        assert not re.search(r"Made-up|example\.com|snd_token|checkout\.paycombat\.com", ended.stdout + ended.stderr)


@pytest.mark.parametrize("flags", [[], ["--yes"], ["--yes", "--json"]], ids=" ".join)
def test_a_live_account_is_not_touched(flags: list[str]) -> None:
    """Exit code 2, one sentence, and no request at all."""
    with Sandbox() as sandbox:
        probed = run_here("probe", *flags, sandbox=sandbox, **LIVE)

        assert 0 == len(sandbox.arrivals)
    assert (2, "") == (probed.returncode, probed.stdout)
    assert "these credentials are live" in probed.stderr
    assert 1 == len(probed.stderr.splitlines())


def test_wrong_credentials_end_it_at_once() -> None:
    """Nothing can be found out with them; exit code 2."""
    with Sandbox() as sandbox:
        probed = run_here("probe", "--yes", sandbox=sandbox, PAYCOMBAT_TOKEN="snd_other")
        methods = {arrival.method for arrival in sandbox.arrivals}

    assert 2 == probed.returncode
    assert "refuses these credentials" in probed.stderr
    assert {"GET"} == methods


def test_a_provider_that_is_not_there_gives_1() -> None:
    """Each call says that it had no answer."""
    with Sandbox() as sandbox:
        gone = sandbox.base_url
    credentials = {"PAYCOMBAT_TOKEN": "snd_x", "PAYCOMBAT_SIGNATURE_KEY": "snd_y"}

    probed = run_here("probe", "--json", "--base-url", gone, "--timeout", "0.5", **credentials)

    found = by_name(probed)
    assert 1 == probed.returncode
    assert {"no answer", "skipped"} == {finding["verdict"] for finding in found.values()}
    assert {0, 1} == {len(finding["tried"]) for finding in found.values()}


def test_it_can_be_interrupted() -> None:
    """130, and no traceback."""
    with Sandbox() as sandbox:
        sandbox.faults.script("payin_methods.list", [Fault.LATENCY.lasting(PATIENCE_S)])
        with start("probe", sandbox=sandbox) as process:
            process.line()  # of the call before that one
            process.signal(signal.SIGINT)
            ended = process.end()

    assert 130 == ended.returncode
    assert "Traceback" not in ended.stderr


def test_ids_can_be_given() -> None:
    """For what no list shows."""
    with Sandbox() as sandbox:
        with PayCombat(token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url) as client:
            made = client.payouts.create(payout(payout_beneficiary_param=ANA))
        probed = run_here("probe", "--json", "--payout-id", made.id, "--payin-id", "nobody", sandbox=sandbox)

    found = by_name(probed)
    assert "holds" == found["payouts.retrieve"]["verdict"]
    assert ("not found", {"/api/v1/payin/retrieve-payin/{id}": "404"}) == (
        found["payins.retrieve"]["verdict"],
        found["payins.retrieve"]["tried"],
    )
    assert 1 == probed.returncode


def test_every_endpoint_has_its_place_in_the_probe() -> None:
    """A new one is called, or it is said why not; what is inferred and harmless is among the called ones."""
    with Sandbox(customers=1) as sandbox:
        found = by_name(run_here("probe", "--yes", "--json", sandbox=sandbox))

    assert [endpoint.name for endpoint in ENDPOINTS] == sorted(found, key=[e.name for e in ENDPOINTS].index)
    inferred = {endpoint.name for endpoint in ENDPOINTS if endpoint.evidence is Evidence.INFERRED}
    called = {name for name, finding in found.items() if finding["verdict"] != "skipped"}
    assert {"payouts.simulate", "payouts.retrieve"} == inferred - called


def test_its_help_has_examples_and_exit_codes() -> None:
    """Authors of scripts need both."""
    shown = run_here("probe", "--help").stdout

    assert "\n    paycombat probe" in shown
    assert ["0", "1", "2"] == [line.split()[0] for line in shown.partition("Exit codes:\n")[2].splitlines()[:3]]


def test_a_proxy_is_checked_before_anything_is_sent() -> None:
    """As for every other command that calls the provider."""
    ended = run_here("probe", "--proxy", "nowhere", PAYCOMBAT_TOKEN="snd_t", PAYCOMBAT_SIGNATURE_KEY="snd_k")

    assert 2 == ended.returncode
    assert "proxy must look like http://host:port" in ended.stderr
