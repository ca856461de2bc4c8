"""Takes the pictures of the sandbox's console that README and guide show: `python docs/console_pictures.py`.

Starts a sandbox, makes some traffic, and needs Chromium and the package playwright.
"""

import shutil
from decimal import Decimal
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, sync_playwright

from paycombat_async.sandbox import Sandbox
from paycombat_sync import (
    BeneficiaryIndividual,
    CreatePaymentRequest,
    CreatePayout,
    PayCombat,
    PayCombatError,
    PayoutBeneficiary,
)

FOLDER = Path(__file__).parent / "_static"
SIZES = {"console": (1160, 560), "console-narrow": (390, 640)}
SCHEMES = ("light", "dark")
_MARY = BeneficiaryIndividual(first_name="Mary", last_name="Major")


def main() -> None:
    """Takes a picture of each size, light and dark."""
    with Sandbox(customers=6, balances={"AUD": 5000}) as sandbox:
        make_traffic(sandbox)
        take_all(sandbox)


def take_all(sandbox: Sandbox) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), chromium_sandbox=False)
        for name in SIZES:
            for scheme in SCHEMES:
                take(browser, sandbox, name, scheme)
        browser.close()


def make_traffic(sandbox: Sandbox) -> None:
    """Makes calls of each kind: good ones, refused ones, and one that a fault hits."""
    with PayCombat(
        token=sandbox.token, signature_key=sandbox.signature_key, base_url=sandbox.base_url, paths=sandbox.paths
    ) as paycombat:
        paycombat.customers.retrieve(sandbox.customer_ids[0])
        payouts = [paycombat.payouts.create(payout(amount, f"order-{5001 + number}")) for number, amount in AMOUNTS]
        sandbox.settle(payouts[0].id, "SUCCESS")
        sandbox.settle(payouts[0].id, "RETURNED")
        sandbox.settle(payouts[1].id, "SUCCESS")
        basket = {"amount": Decimal("49.90"), "currency": "AUD", "description": "Basket 205"}
        paycombat.checkouts.create(CreatePaymentRequest(extra=basket))
        sign_wrongly(sandbox)
        sandbox.faults.next("500_after_commit")
        try:
            paycombat.payouts.create(payout(Decimal(75), "order-5004"))
        except PayCombatError:
            sandbox.faults.calm()  # this was the fault, and the picture shows it
        list(paycombat.customers.list())


AMOUNTS = tuple(enumerate((Decimal("120.50"), Decimal(60), Decimal("18.25"))))


def payout(amount: Decimal, order_id: str) -> CreatePayout:
    return CreatePayout(
        payout_beneficiary_param=PayoutBeneficiary(individual=_MARY, account_number="1234567", bsb="062-000"),
        sender_amount=amount,
        sender_currency="AUD",
        sender_country="AU",
        beneficiary_amount=amount,
        beneficiary_currency="AUD",
        payout_method_name="au_bank_acct",
        purpose_code="SELF",
        order_id=order_id,
    )


def sign_wrongly(sandbox: Sandbox) -> None:
    """Sends a request whose JSON was printed with spaces after it was signed, as many programs do."""
    from paycombat_async import Signer  # noqa: PLC0415

    signature = Signer(sandbox.signature_key).sign(b'{"customer_id":"customer_1","description":"VIP"}')
    request = Request(  # noqa: S310  # loopback
        f"{sandbox.base_url}/api/v1/customer/update",
        method="PATCH",
        data=b'{"customer_id": "customer_1", "description": "VIP"}',
        headers={"X-token": sandbox.token, "signature": signature, "Content-Type": "application/json"},
    )
    try:
        urlopen(request).close()  # noqa: S310
    except HTTPError as error:
        error.close()  # it was refused, and the picture shows why


def take(browser: Browser, sandbox: Sandbox, name: str, scheme: str) -> None:
    width, height = SIZES[name]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(sandbox.console_url or "")
    page.locator(".row").first.wait_for()
    if width > 1000:
        page.locator(".row", has_text="signature wrong").click()
        page.locator(".callout").wait_for()
    page.screenshot(path=FOLDER / f"{name}-{scheme}.png")
    page.close()


if __name__ == "__main__":
    main()
