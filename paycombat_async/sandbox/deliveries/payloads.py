"""Builds the signed webhook about a payin, payout or virtual account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from paycombat_async._signing import Signer
from paycombat_async.sandbox.deliveries.log import Delivery
from paycombat_async.sandbox.deliveries.url import WebhookUrls
from paycombat_async.sandbox.payins.pages import webhook_of_account, webhook_of_payin
from paycombat_async.sandbox.payouts.pages import webhook_of_payout
from paycombat_async.sandbox.records import Kind, Record
from paycombat_async.sandbox.stringify import stringify
from paycombat_async.sandbox.transitions import PENDING

Page: TypeAlias = Callable[[Record], dict[str, object]]

_PAGES: Final[Mapping[Kind, tuple[str, Page]]] = {
    Kind.PAYIN: ("PAYIN", webhook_of_payin),
    Kind.PAYOUT: ("PAYOUT", webhook_of_payout),
    Kind.VIRTUAL_ACCOUNT: ("VA", webhook_of_account),
}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadBuilder:
    """Builds webhooks, and chooses the URL to which each is sent.

    A webhook about a payin or payout is sent to the `webhook_url` from the request that created it, or else to
    `urls.url`. A webhook about a virtual account is always sent to `urls.va_url`.
    """

    signer: Signer
    urls: WebhookUrls

    def build(self, record: Record) -> Delivery | None:
        """Returns the webhook about the current status of a payin, payout or virtual account.

        Returns None if its status is pending, or if there is no URL for this webhook.
        """
        url = self.urls.va_url if record.kind is Kind.VIRTUAL_ACCOUNT else record.webhook_url or self.urls.url
        if url is None or record.status == PENDING:
            return None
        name, page = _PAGES[record.kind]
        payload = page(record)
        body = stringify(_ENCODER.encode(payload).decode()).encode()
        return Delivery(
            event=f"{name} {record.status}",
            id=record.id,
            url=url,
            payload=msgspec.json.decode(body),
            body=body,
            signature=self.signer.sign(body),
        )
