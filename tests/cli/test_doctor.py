"""`paycombat doctor`: verdicts, exit codes, the set-up, and nothing secret on any stream."""

import contextlib
import os
import pty
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from paycombat_async._signing import Signer
from paycombat_async.cli.app import run as run_here
from paycombat_async.cli.doctor_setup import LEAST_VERSIONS, show_setup
from tests import processes
from tests.cli.command import COMMAND, ROOT, environment, run
from tests.processes import Process

KEY = "snd_S3CRET-key"
TOKEN = "snd_S3CRET-token"
BODY = b'{"amount":10,"name":"Zo\xc3\xab"}'
READY = {"PAYCOMBAT_TOKEN": TOKEN, "PAYCOMBAT_SIGNATURE_KEY": KEY}
SIGNED = Signer(KEY).sign(BODY)
SPACED = BODY.replace(b":", b": ")


@pytest.fixture(name="body")
def _body(tmp_path: Path) -> Path:
    path = tmp_path / "body.json"
    path.write_bytes(BODY)
    return path


def set_environment(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("PAYCOMBAT_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("content", "options", "code", "lines"),
    [
        (BODY, ["--signature", SIGNED], 0, ["VERIFIED (fits)", "Key: PAYCOMBAT_SIGNATURE_KEY"]),
        (BODY, ["--header", f"x-signature:{SIGNED}", "--header", "Host: h"], 0, ["VERIFIED (fits)"]),
        (SPACED, ["--signature", SIGNED], 0, ["VERIFIED, but not for the bytes as they are (spaces)"]),
        (BODY + b"\n ", ["--signature", "00" * 32], 1, ["NOT VERIFIED (another_key)", "What to do: Compare"]),
        (BODY, ["--signature", ""], 1, ["NOT VERIFIED (no_signature)"]),
        (BODY, ["--signature", Signer(TOKEN).sign(BODY)], 1, ["NOT VERIFIED (key_is_token)"]),
        (BODY, ["--header", f"X-Signature: {SIGNED}", "--header", "X-Signature: 00"], 1, ["(several_signatures)"]),
        (b" " * 300_000, ["--signature", SIGNED], 1, ["NOT VERIFIED (body_too_long)"]),
    ],
    ids=["fits", "header", "reprinted", "another key", "empty", "token", "twice", "long"],
)
def test_a_signature_gets_its_verdict(
    body: Path,
    content: bytes,
    options: list[str],
    code: int,
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the key of the environment, exit code 0 means verified, 1 not verified."""
    body.write_bytes(content)
    set_environment(monkeypatch, READY)

    ended = run_here(["doctor", "--body", str(body), *options])

    said, complaint = capsys.readouterr()
    assert code == ended
    assert [line for line in lines if line not in said] == []
    assert "" == complaint
    assert "S3CRET" not in said
    assert SIGNED[:9] not in said


def test_keys_are_named_by_their_variables(body: Path) -> None:
    """Keys named by --key-env replace the usual variables, and are shown by that name."""
    shown = run(
        *("doctor", "--body", body, "--signature", SIGNED, "--key-env", "NEW", "--key-env", "OLD"),
        NEW="other",
        OLD=KEY,
        PAYCOMBAT_SIGNATURE_KEY="third",
    )

    assert 0 == shown.returncode
    assert "Key: OLD\n" in shown.stdout


def test_the_body_may_come_through_a_pipe() -> None:
    """Standard input is read byte for byte: the line feed of `echo` is found."""
    command = [*COMMAND, "doctor", "--body", "-", "--signature", SIGNED]

    shown = processes.run(*command, input=BODY + b"\n", env=environment(PAYCOMBAT_WEBHOOK_KEY=KEY))

    assert 0 == shown.returncode
    assert "(new_line)" in shown.stdout
    assert "Key: PAYCOMBAT_WEBHOOK_KEY" in shown.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--signature", SIGNED], "--body is missing"),
        (["--body", "BODY"], "give either --signature or --header"),
        (["--body", "BODY", "--signature", "s", "--header", "X-Signature: s"], "give either --signature or --header"),
        (["--body", "BODY", "--header", "X-Signature s"], "--header must look like"),
        (["--body", "BODY", "--signature", "s", "--key-env", KEY], "number 1 is not set; give the name of a variable"),
        (["--body", "nowhere", "--signature", "s"], "No such file"),
    ],
    ids=["body", "signature", "both", "header", "a key for a name", "file"],
)
def test_wrong_usage_is_a_sentence(
    body: Path, options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message and exit code 2; a key passed in place of a name is not printed."""
    ended = run_here(["doctor", *(str(body) if option == "BODY" else option for option in options)])

    said, complaint = capsys.readouterr()
    assert 2 == ended
    assert sentence in complaint
    assert "" == said
    assert "S3CRET" not in complaint


def test_without_a_key_and_a_terminal_it_says_what_to_set() -> None:
    """Without a terminal it does not wait for input."""
    command = [*COMMAND, "doctor", "--body", "-", "--signature", SIGNED]

    shown = processes.run(*command, input=BODY, env=environment())

    assert 2 == shown.returncode
    assert "no key: set PAYCOMBAT_WEBHOOK_KEY or PAYCOMBAT_SIGNATURE_KEY" in shown.stderr


def test_without_a_variable_the_key_is_asked_for_and_not_shown(body: Path) -> None:
    """On a terminal it prompts for the key; what is typed appears nowhere."""
    terminal, end = pty.openpty()
    command = [*COMMAND, "doctor", "--body", body, "--signature", SIGNED]
    with Process(*command, env=environment(), stdin=end) as process:  # in a session without this test's own terminal
        os.close(end)
        prompt = process.complaint(": ")  # the last blank comes after the echo was switched off
        os.write(terminal, f"{KEY}\n".encode())
        code, said, _ = process.end()
    echoed = b""
    with contextlib.suppress(OSError):  # nobody holds the other end any more
        echoed = os.read(terminal, 1000)
    os.close(terminal)

    assert 0 == code
    assert "Key: the key typed in" in said
    assert "S3CRET" not in prompt + said + echoed.decode()


def test_a_set_up_in_order_says_so() -> None:
    """One line per item, which shows lengths and prefixes at most."""
    shown = run("doctor", PAYCOMBAT_TOKEN=TOKEN, PAYCOMBAT_SIGNATURE_KEY=KEY)

    assert 0 == shown.returncode, shown.stdout
    for line in (
        "ok    PAYCOMBAT_TOKEN: 16 characters, sandbox (snd_)",
        "note  PAYCOMBAT_WEBHOOK_KEY: not set; webhooks are checked with PAYCOMBAT_SIGNATURE_KEY",
        "ok    PAYCOMBAT_BASE_URL: not set, so it is https://api.paycombat.com",
        "ok    aiohttp: ",
        "ok    TLS: ",
        "ok    client: can be created from these",
        "Nothing is wrong with these variables, packages and certificates. No call was made, so whether",
    ):
        assert line in shown.stdout
    assert "S3CRET" not in shown.stdout


@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        ({"PAYCOMBAT_TOKEN": ""}, ["wrong PAYCOMBAT_TOKEN: not set"]),
        (
            {"PAYCOMBAT_TOKEN": "S3CRET"},
            ["wrong account: of the sandbox: PAYCOMBAT_SIGNATURE_KEY; live: PAYCOMBAT_TOKEN"],
        ),
        ({"PAYCOMBAT_WEBHOOK_KEY": "S3CRET"}, ["live: PAYCOMBAT_WEBHOOK_KEY; take all from one account"]),
        ({"PAYCOMBAT_TOKEN": f"{TOKEN}\n"}, ["17 characters, sandbox (snd_); it has white space around it"]),
        ({"PAYCOMBAT_SIGNATURE_KEY": f'"{KEY}"'}, ["sandbox (snd_); it has a quote at its beginning"]),
        ({"PAYCOMBAT_TOKEN": f"{TOKEN}é"}, ["it has characters that a header cannot carry"]),
        ({"PAYCOMBAT_TOKEN": "  "}, ["it has white space around it"]),
        ({"PAYCOMBAT_BASE_URL": "http://api.paycombat.com"}, ["wrong PAYCOMBAT_BASE_URL: base_url must be https"]),
        ({"PAYCOMBAT_BASE_URL": "https://S3CRET@h"}, ["wrong PAYCOMBAT_BASE_URL: base_url must look like"]),
        ({"PAYCOMBAT_BASE_URL": " https://h"}, ["wrong PAYCOMBAT_BASE_URL: it has white space around it"]),
        (
            {"PAYCOMBAT_BASE_URL": "https://api..paycombat.com"},
            ["wrong PAYCOMBAT_BASE_URL: base_url has no valid host name"],
        ),
        ({"PAYCOMBAT_BASE_URL": "http://localhost:1/api/v1"}, ["base_url must not end in /api/v1"]),
        (
            {"PAYCOMBAT_TOKEN": "", "PAYCOMBAT_SIGNATURE_KEY": ""},
            ["wrong PAYCOMBAT_TOKEN: not set", "wrong PAYCOMBAT_SIGNATURE_KEY: not set"],
        ),
        ({"SSL_CERT_FILE": "nowhere.pem"}, ["wrong SSL_CERT_FILE: it names a file or directory that does not exist"]),
        ({"PAYCOMBAT_TOKEN": f"{TOKEN} S3CRET"}, ["wrong client: token contains characters that no header may have"]),
    ],
    ids=[
        "missing",
        "one live",
        "webhook live",
        "new line",
        "quote",
        "letter",
        "blank",
        "http",
        "user",
        "space",
        "host",
        "path",
        "both missing",
        "TLS",
        "inside",
    ],
)
def test_what_is_wrong_with_a_set_up_is_said(
    variables: dict[str, str], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and the number of wrong items."""
    ended = show_setup(READY | variables)

    said = capsys.readouterr().out
    assert 2 == ended
    assert [line for line in lines if line not in said] == []
    assert " wrong." in said.splitlines()[-1]
    assert "S3CRET" not in said


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        (
            {"PAYCOMBAT_BASE_URL": "http://127.0.0.1:8080/"},
            "note  PAYCOMBAT_BASE_URL: http://127.0.0.1:8080, this machine",
        ),
        ({"PAYCOMBAT_BASE_URL": "https://h"}, "note  PAYCOMBAT_BASE_URL: https://h, not the provider's own address"),
        (
            {"PAYCOMBAT_BASE_URL": "https://h/gateway"},
            "its path comes before that of each call, as in https://h/gateway/api/v1/…",
        ),
        (
            {"PAYCOMBAT_BASE_URL": "http://127.0.0.1:1", "PAYCOMBAT_TOKEN": "x", "PAYCOMBAT_SIGNATURE_KEY": "y"},
            "note  account: PAYCOMBAT_TOKEN is live, but the calls go to this machine",
        ),
        ({"PAYCOMBAT_BASE_URL": "https://api.paycombat.com/"}, "ok    PAYCOMBAT_BASE_URL: https://api.paycombat.com"),
        ({"PAYCOMBAT_SIGNING_KEY": "S3CRET"}, "note  PAYCOMBAT_SIGNING_KEY: not a variable that the SDK reads"),
        ({"PAYCOMBAT_WEBHOOK_KEY": KEY}, "ok    PAYCOMBAT_WEBHOOK_KEY: 14 characters"),
    ],
    ids=["loopback", "elsewhere", "path", "live", "own", "misspelt", "webhook key"],
)
def test_what_is_worth_a_look_is_noted(
    variables: dict[str, str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A note does not count as wrong: exit code 0."""
    ended = show_setup(READY | variables)

    said = capsys.readouterr().out
    assert 0 == ended
    assert line in said
    assert "S3CRET" not in said


def test_an_address_that_cannot_work_is_a_sentence_for_every_command() -> None:
    """And not a traceback."""
    given = READY | {"PAYCOMBAT_BASE_URL": "https://api..paycombat.com"}

    shown = [run(*words, **given) for words in (["doctor"], ["customers", "get", "customer_1"])]

    assert [2, 2] == [each.returncode for each in shown]
    assert all("base_url has no valid host name" in each.stdout + each.stderr for each in shown)
    assert "Traceback" not in "".join(each.stderr for each in shown)


def test_packages_that_are_old_or_missing_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Old or missing packages, as after an interrupted pip, count as wrong."""
    ended = show_setup(READY, {"aiohttp": "99.1", "no-such-package": "1"})

    said = capsys.readouterr().out
    assert 2 == ended
    assert "; it must be 99.1 or later" in said
    assert "wrong no-such-package: not installed" in said


def test_a_machine_without_root_certificates_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing root certificates, as in a slim container, count as wrong."""
    empty = tmp_path / "none.pem"
    empty.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))

    ended = show_setup(READY)

    assert 2 == ended
    assert "but no root certificates; install ca-certificates" in capsys.readouterr().out


def test_the_least_versions_are_those_of_the_project() -> None:
    """The minimum versions equal those in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    asked = {name: least.partition(",")[0] for name, _, least in (it.partition(">=") for it in project["dependencies"])}
    assert asked == LEAST_VERSIONS


def test_its_help_says_where_keys_come_from_and_every_exit_code() -> None:
    """The help names all exit codes, and no option takes a key."""
    shown = run("doctor", "--help").stdout

    assert "\n    paycombat doctor --body body.json --signature" in shown
    assert ["0", "1", "2"] == [
        line.split()[0] for line in shown.split("Exit codes:\n")[1].split("\n\n")[0].splitlines()
    ]
    assert "--key " not in shown
