"""Prints the traces that docs/observability.md shows, of calls to the sandbox: `python docs/observability_traces.py`.

Needs `pip install 'paycombat[otel]' opentelemetry-sdk`. Attributes that the span's name says already are left out.
"""

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from paycombat_async import (
    AsyncPayCombat,
    BeneficiaryIndividual,
    CreatePayout,
    PayoutBeneficiary,
    RetryPolicy,
    Signer,
    UpdateCustomer,
    sync_customers,
    webhooks,
)
from paycombat_async.sandbox import Fault, Sandbox
from paycombat_async.telemetry import Telemetry

LEFT_OUT = {"http.request.method", "server.address", "server.port", "url.template"}
PAYOUT = CreatePayout(
    payout_beneficiary_param=PayoutBeneficiary(
        individual=BeneficiaryIndividual(first_name="Ana", last_name="Reyes"), account_number="1234567", bsb="062-000"
    ),
    sender_amount=Decimal("50.00"),
    sender_currency="AUD",
    sender_country="AU",
    beneficiary_amount=Decimal("50.00"),
    beneficiary_currency="AUD",
    payout_method_name="au_bank_acct",
    purpose_code="SELF",
    order_id="bill-1",
)


async def main() -> None:
    """Makes each trace in turn and prints it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry = Telemetry(tracer_provider=provider)
    async with (
        Sandbox(customers=2) as sandbox,
        AsyncPayCombat(
            token=sandbox.token,
            signature_key=sandbox.signature_key,
            base_url=sandbox.base_url,
            retry=RetryPolicy(trust_429=True),
            telemetry=telemetry,
        ) as paycombat,
    ):
        sandbox.faults.script("payouts.create", [Fault.STATUS_429_BARE, None])
        payout = await paycombat.payouts.create(PAYOUT)
        show("A payout with two attempts", exporter)

        customers = [customer.customer_id async for customer in paycombat.customers.list()]
        exporter.clear()
        rows = [UpdateCustomer(customer_id=customer_id, description="VIP") for customer_id in customers if customer_id]
        await sync_customers(paycombat, rows)
        show("A batch of two customers", exporter)

        inbox = webhooks.MemoryInbox(telemetry=telemetry)
        body = json.dumps({"id": payout.id, "status": "SUCCESS", "type": "PAYOUT"}).encode()
        signature = Signer(sandbox.signature_key).sign(body)
        await inbox.receive(webhooks.unwrap(body, {"X-Signature": signature}, [sandbox.signature_key]))
        async for delivery in inbox.work():
            async with delivery as event:
                match event:
                    case webhooks.PayoutSucceeded(payout=payout):
                        await paycombat.payouts.retrieve(str(payout.id))
            break
        show("A webhook", exporter)


def show(title: str, exporter: InMemorySpanExporter) -> None:
    """Prints the spans as trees, each trace under its number, and forgets them."""
    spans = sorted(exporter.get_finished_spans(), key=lambda span: span.start_time or 0)
    exporter.clear()
    traces = list(dict.fromkeys(span.context.trace_id for span in spans))
    print(f"# {title}")
    for number, trace_id in enumerate(traces, 1):
        print(f"trace {number}")
        for span in spans:
            if span.context.trace_id == trace_id and span.parent is None:
                show_tree(span, spans, traces, "  ")
    print()


def show_tree(span: ReadableSpan, spans: Sequence[ReadableSpan], traces: Sequence[int], indent: str) -> None:
    """Prints a span, and its children below."""
    milliseconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
    error = "" if span.status.is_unset else " ERROR"
    links = "".join(f" -> trace {traces.index(link.context.trace_id) + 1}" for link in span.links)
    print(f"{indent}{span.name}  {span.kind.name}  {milliseconds:.0f} ms{error}{links}")
    for name, value in (span.attributes or {}).items():
        if name not in LEFT_OUT:
            print(f"{indent}    {name}={value!s}")
    for child in spans:
        if child.parent is not None and child.parent.span_id == span.context.span_id:
            show_tree(child, spans, traces, indent + "  ")


if __name__ == "__main__":
    asyncio.run(main())
