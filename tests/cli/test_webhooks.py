"""`paycombat webhooks`: signed samples for a server of one's own, and the check of a webhook that was received."""

import asyncio
import json
from pathlib import Path

import pytest

from paycombat_async import Signer, webhooks
from paycombat_async.cli.webhooks import EVENTS
from tests.cli.command import Terminal
from tests.cli.conftest import KEY, Here
from tests.raw_server import Arrived, Script, Serve, http

CLASSES = {
    "payin_succeeded": "PayinSucceeded",
    "payin_failed": "PayinFailed",
    "payin_expired": "PayinExpired",
    "payout_succeeded": "PayoutSucceeded",
    "payout_failed": "PayoutFailed",
    "payout_returned": "PayoutReturned",
    "virtual_account_approved": "VirtualAccountRegistered",
    "virtual_account_failed": "VirtualAccountRegistered",
}


def taking(arrived: list[Arrived], status: int = 200) -> Script:
    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Arrived) -> bool:
        arrived.append(request)
        writer.write(http(status, b""))
        await writer.drain()
        return True

    return script


@pytest.mark.parametrize("event", EVENTS)
def test_every_sample_is_a_webhook_of_its_kind(event: str, here: Here, serve: Serve) -> None:
    """Signed as the provider signs, and read by `unwrap` as the event that it is named after."""
    arrived: list[Arrived] = []

    said = here("webhooks", "send", event, "--to", serve(taking(arrived)) + "/hook?x=1")

    [request] = arrived
    read = webhooks.unwrap(request.body, request.headers, [KEY])
    assert (0, "HTTP 200\n", "") == said
    assert ("POST", "/hook?x=1") == (request.method, request.target)
    assert CLASSES[event] == type(read).__name__
    assert read.id


def test_every_sample_is_new_and_its_fields_can_be_set(here: Here, serve: Serve) -> None:
    """An inbox takes the second sample for another event, unless both have the same id."""
    arrived: list[Arrived] = []
    words = ("webhooks", "send", "payin_succeeded", "--to", serve(taking(arrived)))

    for more in ([], [], ["id=payin-1", "amount:=99.50"], ["id=payin-1"]):
        here(*words, *more)

    keys = [webhooks.unwrap(each.body, each.headers, [KEY]).key for each in arrived]
    assert 3 == len(set(keys))
    assert keys[2] == keys[3]
    assert 99.5 == json.loads(arrived[2].body)["amount"]


def test_the_webhook_key_takes_precedence(here: Here, serve: Serve) -> None:
    """As when webhooks are verified."""
    arrived: list[Arrived] = []

    here("webhooks", "send", "payin_failed", "--to", serve(taking(arrived)), PAYCOMBAT_WEBHOOK_KEY="snd_other")

    assert Signer("snd_other").verify(arrived[0].body, arrived[0].headers["x-signature"])


@pytest.mark.parametrize(
    ("words", "variables", "sentence"),
    [
        (["--to", "http://shop.example/hook", "--yes"], {}, "--to must be https (http only to this machine)"),
        (["--to", "ftp://127.0.0.1/"], {}, "--to must look like"),
        (["--to", "http://127.0.0.1:1/ x"], {}, "--to must look like"),
        (["--to", "https://shop.example/hook"], {}, "there is no terminal to ask at: add --yes"),
        (["--to", "http://127.0.0.1:1"], {"PAYCOMBAT_SIGNATURE_KEY": "live-key"}, "add --yes"),
        (["--to", "http://127.0.0.1:1"], {"PAYCOMBAT_SIGNATURE_KEY": ""}, "no key: set PAYCOMBAT_WEBHOOK_KEY"),
        (["--to", "http://127.0.0.1:1"], {"PAYCOMBAT_WEBHOOK_KEY": " k "}, "white space"),
        (["--to", "http://127.0.0.1:1", "amount"], {}, "amount: expected NAME=TEXT"),
    ],
)
def test_what_is_not_sent_says_why(here: Here, words: list[str], variables: dict[str, str], sentence: str) -> None:
    """Exit code 2; no key is printed. Nothing is looked up or sent."""
    said = here("webhooks", "send", "payin_succeeded", *words, **variables)

    assert (2, "") == (said.returncode, said.stdout)
    assert sentence in said.stderr
    assert "live-key" not in said.stderr


@pytest.mark.parametrize(
    "word",
    ["id=\udcff", "\udcff=1", "a." * 3000 + "b=1", f"a:={'[' * 900}{']' * 900}"],
    ids=["value", "name", "names", "list"],
)
def test_fields_that_are_no_json_are_a_sentence(here: Here, word: str) -> None:
    """A byte that is not UTF-8 is a lone surrogate in an argument."""
    said = here("webhooks", "send", "payin_succeeded", "--to", "http://127.0.0.1:1", word)

    assert (2, "") == (said.returncode, said.stdout)
    assert "the fields cannot be written as JSON" in said.stderr


@pytest.mark.parametrize(("answer", "code", "count"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_a_live_key_signs_after_a_question(
    here: Here, serve: Serve, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, count: int
) -> None:
    """What it has signed counts as genuine."""
    arrived: list[Arrived] = []
    said = here(
        *("webhooks", "send", "payin_succeeded", "--to", serve(taking(arrived))),
        input=Terminal(answer),
        PAYCOMBAT_SIGNATURE_KEY="live-key",
    )

    assert (code, count) == (said.returncode, len(arrived))
    assert "the event counts as genuine" in said.stderr


def test_an_answer_other_than_2xx_is_exit_code_1(here: Here, serve: Serve) -> None:
    """So that a script notices; nobody there likewise."""
    refused = here("webhooks", "send", "payin_succeeded", "--to", serve(taking([], 302)))
    nobody = here("webhooks", "send", "payin_succeeded", "--to", "http://127.0.0.1:1")

    assert (1, 1) == (refused.returncode, nobody.returncode)
    assert "the answer was HTTP 302" in refused.stderr
    assert "no answer came" in nobody.stderr


def test_a_sample_can_be_verified_from_a_file(here: Here, serve: Serve, tmp_path: Path) -> None:
    """Valid: the event is named. Another signature: the doctor says what is wrong."""
    arrived: list[Arrived] = []
    printed = here(
        *("webhooks", "send", "payout_returned", "id=payout-1", "--print", "--to", serve(taking(arrived)))
    ).stdout.splitlines()[0]
    body, signature = tmp_path / "body.json", arrived[0].headers["x-signature"]
    body.write_bytes(arrived[0].body)

    valid = here("webhooks", "verify", body, "--signature", signature)
    by_header = here("webhooks", "verify", body, "--header", f"X-Signature: {signature}")
    other = here("webhooks", "verify", body, "--signature", signature, "--key-env", "OTHER", OTHER="snd_other-key")
    wrong = here("webhooks", "verify", body, "--signature", "0" * 64)

    assert arrived[0].body.decode() == printed
    assert (0, 0, 1, 1) == (valid.returncode, by_header.returncode, other.returncode, wrong.returncode)
    assert valid == by_header
    assert ["VALID", "PayoutReturned", "payout-1", "RETURNED", "PAYOUT:payout-1:RETURNED"] == [
        line.split()[-1] for line in valid.stdout.splitlines()
    ]
    for said in (other, wrong):
        assert said.stdout.startswith("NOT VERIFIED")
        assert "What to do: " in said.stdout


def test_a_signed_body_that_is_no_event_is_not_valid(here: Here, tmp_path: Path) -> None:
    """The doctor verifies it, so it is said what else is wrong."""
    body = tmp_path / "body"
    body.write_bytes(b"[1]")

    said = here("webhooks", "verify", body, "--signature", Signer(KEY).sign(b"[1]"))

    assert 1 == said.returncode
    assert said.stdout.startswith("VERIFIED")
    assert "But it is no event: the signature holds, but the body is no JSON object" in said.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "give either --signature or --header"),
        (["--header", "X-Signature"], "--header must look like"),
        (["--signature", "1", "--header", "X-Signature: 1"], "give either --signature or --header"),
        (["--signature", "1", "--key-env", "NO_SUCH"], "the variable named by --key-env number 1 is not set"),
    ],
)
def test_wrong_usage_of_verify_is_the_doctors(here: Here, tmp_path: Path, words: list[str], sentence: str) -> None:
    """Exit code 2."""
    body = tmp_path / "body"
    body.write_bytes(b"{}")

    said = here("webhooks", "verify", body, *words)

    assert 2 == said.returncode
    assert sentence in said.stderr
