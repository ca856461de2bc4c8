"""A program with the reporters that programs really have, in which calls fail: prints as JSON what was to be seen.

A process of its own, because reporters change libraries for good. Everything is turned on that makes them show more:
OpenTelemetry with contrib's instrumentation of aiohttp and every header captured; Sentry with local variables, personal
data and traces; structlog, loguru and rich with local variables.
"""

import asyncio
import io
import json
import logging
import os
import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import loguru
import sentry_sdk
import structlog
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from rich.console import Console
from rich.traceback import Traceback

from paycombat_async import AsyncPayCombat
from paycombat_async.endpoints import CREATE_PAYOUT, RETRIEVE_CHECKOUT, UPDATE_CUSTOMER
from paycombat_async.testing.canary import find_leaks
from paycombat_async.transport import SessionTransport
from tests.chaos.fault_triggers import (
    CANARY,
    PERSON,
    SILENT,
    answers,
    client_for,
    payout_to_the_person,
    script_for,
    update_of_the_person,
)
from tests.chaos.outputs import trimmed
from tests.chaos.soak import SOAK
from tests.processes import PATIENCE_S
from tests.raw_server import RawServer
from tests.telemetry.recording import Recording

CALLS: dict[str, Callable[[AsyncPayCombat], Awaitable[object]]] = {
    "update": lambda client: client.send(UPDATE_CUSTOMER, update_of_the_person()),
    "payout": lambda client: client.send(CREATE_PAYOUT, payout_to_the_person()),
    "retrieve": lambda client: client.send(RETRIEVE_CHECKOUT, None, id="checkout_1"),
}
# One of each kind; tests/chaos/test_secrets_canary.py takes all.
ANSWERS = {"400", "500", "302", "no JSON", "data of another type", "request id", "success", "silent", "broken"}
# A report with all local variables takes most of a second, so the short form has each call and each way once or twice.
PAIRS = (
    [(call, way) for call in CALLS for way in ("direct", "session")]
    if SOAK
    else [
        ("update", "session"),
        ("payout", "direct"),
        ("retrieve", "session"),
    ]
)
SHOWING_LOCALS = ("sentry", "structlog", "loguru", "rich")

recording = Recording()
written: dict[str, list[str]] = {name: [] for name in (*SHOWING_LOCALS, "logging")}


class Envelopes(sentry_sdk.transport.Transport):
    """Keeps what would be sent."""

    def capture_envelope(self, envelope: Any) -> None:
        written["sentry"].append(envelope.serialize().decode())


class Lines:
    """A logger for structlog that keeps what it is given."""

    def __init__(self) -> None:
        self.error = written["structlog"].append


class Records(logging.Handler):
    """Keeps each record with all its fields, as JSON formatters do."""

    def emit(self, record: logging.LogRecord) -> None:
        written["logging"] += [self.format(record), json.dumps(vars(record), default=repr)]


def set_up() -> None:
    AioHttpClientInstrumentor().instrument(tracer_provider=recording.tracers, meter_provider=recording.meters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of send_default_pii, which older versions need
        sentry_sdk.init(
            dsn="http://key@127.0.0.1:1/1",
            transport=Envelopes,
            traces_sample_rate=1.0,
            send_default_pii=True,
            include_local_variables=True,
            max_value_length=100_000,
            attach_stacktrace=True,
            event_scrubber=sentry_sdk.scrubber.EventScrubber(denylist=[], pii_denylist=[]),  # hides nothing by its name
        )
    shown = structlog.tracebacks.ExceptionDictTransformer(show_locals=True, locals_max_string=100_000)
    structlog.configure(
        processors=[structlog.processors.ExceptionRenderer(shown), structlog.processors.JSONRenderer(default=repr)],
        logger_factory=lambda *_: Lines(),
    )
    loguru.logger.remove()
    loguru.logger.add(written["loguru"].append, level=0, diagnose=True, backtrace=True, serialize=True)
    logging.basicConfig(level=logging.DEBUG, handlers=[Records()])


def report(error: BaseException) -> None:
    """Lets all of them report the error, as an application would."""
    sentry_sdk.capture_exception(error)
    structlog.get_logger().error("it failed", exc_info=error, error=error)
    loguru.logger.opt(exception=error).error("it failed: {} {!r}", error, error)
    console = Console(file=io.StringIO(), width=4_000, color_system=None)
    console.print(Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True))
    assert isinstance(console.file, io.StringIO)
    written["rich"].append(console.file.getvalue())
    logging.getLogger("application").error("it failed: %s", error, exc_info=error)


async def failures_of(call: str, way: str) -> int:
    """Makes the call against every answer that echoes the marks, and reports what it raises."""
    failures = 0
    for name, answer in answers("plain"):
        if name not in ANSWERS:
            continue
        async with RawServer(script_for(answer)) as server, aiohttp.ClientSession() as session:
            client = client_for(
                server.base_url,
                timeout=0.05 if answer is SILENT else PATIENCE_S,
                transport=SessionTransport(session) if way == "session" else None,
                telemetry=recording.telemetry,
            )
            with sentry_sdk.start_transaction(name="page"):
                try:
                    await CALLS[call](client)
                except Exception as error:  # noqa: BLE001  # whatever comes is reported
                    failures += 1
                    report(trimmed(error))
            await client.aclose()
    return failures


def blind_reporters() -> list[str]:
    """Those that do not show a local variable, so that it would mean nothing if they showed no secret."""

    def fail() -> None:
        local = CANARY.token
        raise ValueError(len(local))

    before = {name: len(texts) for name, texts in written.items()}
    try:
        fail()
    except ValueError as error:
        report(error)
    marks = {"token": CANARY.token}
    blind = [name for name in SHOWING_LOCALS if not find_leaks(marks, *written[name][before[name] :])]
    for name, length in before.items():
        del written[name][length:]
    return blind


async def main() -> None:
    set_up()
    result: dict[str, Any] = {"blind": blind_reporters(), "failures": 0}
    for call, way in PAIRS:
        result["failures"] += await failures_of(call, way)
    outputs = written | {"OpenTelemetry": recording.everything()}
    result["texts"] = {name: len(texts) for name, texts in outputs.items()}
    result["seen"] = [
        f"{name}: {leak}" for name, texts in outputs.items() for leak in find_leaks(CANARY.marks | PERSON, *texts)
    ]
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    capture = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_"
    os.environ |= {f"{capture}REQUEST": ".*", f"{capture}RESPONSE": ".*"}
    asyncio.run(main())
