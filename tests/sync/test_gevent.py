"""The blocking client in programs that gevent has patched: its loop runs in a native thread, and greenlets go on."""

import http.client
import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from paycombat_sync import ConfigurationError
from paycombat_sync._native_thread import start_thread
from tests.processes import PATIENCE_S, Process
from tests.raw_server import Serve
from tests.sync.test_processes import Goodbyes

pytest.importorskip("gevent")

pytestmark = pytest.mark.promise("P8")

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it counts in /proc")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def start(name: str, base_url: str, **environment: str) -> Process:
    # Coverage would start threads and open files of its own in the process.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTHON"))}
    command = [sys.executable, "-W", "error", "-m", "tests.sync.gevent_programs", name, base_url]
    return Process(*command, env=inherited | environment)


@pytest.mark.parametrize(
    ("program", "printed"),
    [
        ("many_greenlets", "200 True\n"),
        ("beside_asyncio", "7\n5 6\n"),
        pytest.param("clients_end", "[0, 0]\n", marks=linux),
        ("close_forgotten", "20\n"),
        ("batch", "50 0\n"),
        pytest.param("fork", "3 3 3\n", marks=needs_fork),
    ],
)
def test_a_patched_program_gets_its_answers_and_ends_quietly(program: str, printed: str, sandbox_url: str) -> None:
    """Each is a process of its own, with all warnings as errors."""
    assert (0, printed, "") == start(program, sandbox_url).end()


def test_a_store_of_intents_works_in_a_patched_program(sandbox_url: str, tmp_path: Path) -> None:
    """Its file is written in a thread of the loop's own."""
    process = start("intents", sandbox_url, INTENTS=str(tmp_path / "intents.db"))

    assert (0, "once\napplied\n", "") == process.end()


def test_a_timeout_of_gevent_cuts_the_request(serve: Serve) -> None:
    """The server sees the connection close, and the next call is answered."""
    server = Goodbyes(silent=1)
    process = start("timeout", serve(server))

    server.arrived.get(timeout=PATIENCE_S)
    process.say("x")

    assert b"" == server.gone.get(timeout=PATIENCE_S)
    assert (0, "Disconnected\nTrue\n", "") == process.end()


def test_ctrl_c_ends_a_patched_program(serve: Serve) -> None:
    """The call is cut, and the program is told."""
    server = Goodbyes(silent=1)
    process = start("interrupt", serve(server))

    server.arrived.get(timeout=PATIENCE_S)
    process.signal(signal.SIGINT)

    assert b"" == server.gone.get(timeout=PATIENCE_S)
    assert "interrupted\n" == process.end().stdout


def test_django_under_gunicorn_with_gevent_workers(sandbox_url: str) -> None:
    """Many requests at once in each of two workers: the right answers, an ORM that works, and a quiet end.

    Not with --preload: Django makes its connections for each thread, and gevent would patch threads after that.
    """
    pytest.importorskip("gunicorn")
    credentials = {"PAYCOMBAT_TOKEN": "snd_token", "PAYCOMBAT_SIGNATURE_KEY": "snd_key"}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTHON"))}
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", "2", "-b", "127.0.0.1:0"]
    server = Process(
        *(*command, "tests.sync.django_app"), env=inherited | credentials | {"PAYCOMBAT_BASE_URL": sandbox_url}
    )
    with server, ThreadPoolExecutor(16) as pool:
        while not (address := re.search(r"http://(127\.0\.0\.1):(\d+)", server.complaint())):
            pass
        answers = list(pool.map(lambda number: ask(int(address[2]), f"/customer_{number % 50}/t{number}"), range(100)))
        server.signal(signal.SIGTERM)
        ended = server.end()

    assert [(200, f"customer_{number % 50} t{number} 7") for number in range(100)] == [
        (status, text.rpartition(" ")[0]) for status, text in answers
    ]
    assert 0 == ended.returncode
    assert "Traceback" not in ended.stderr
    assert "Warning" not in ended.stderr


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and text of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_eventlet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its locks do not work between native threads: a clear sentence instead of a hang."""
    patcher = SimpleNamespace(is_monkey_patched=lambda module: module == "thread")
    monkeypatch.setitem(sys.modules, "eventlet.patcher", patcher)  # type: ignore[arg-type]  # stands for the module

    with pytest.raises(ConfigurationError, match="eventlet"):
        start_thread(lambda: None, "refused")
