"""The table of the payin methods.

The provider documents three methods (au_bank_npp, eu_bank_sct_eur, KDB산업은행), but few of their values. All other
methods and values are invented.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.methods.currencies import AREA_OF_CURRENCY
from paycombat_async.schemas.methods import PayinMethod, RequiredField


class KoreanBank(Struct, frozen=True):
    """A Korean bank that opens virtual accounts. Its name is also the name of its payin method."""

    bank_code: str
    bank_name: str


# The provider documents only the first bank. The others are real Korean banks with their clearing codes.
KOREAN_BANKS = (
    KoreanBank("002", "KDB산업은행"),
    KoreanBank("003", "IBK기업은행"),
    KoreanBank("004", "KB국민은행"),
    KoreanBank("011", "NH농협은행"),
    KoreanBank("020", "우리은행"),
    KoreanBank("081", "하나은행"),
    KoreanBank("088", "신한은행"),
)

# The longest time until a checkout expires, and the default one, in seconds. Both are the examples in the provider's
# documentation, which writes them as strings.
MAX_EXPIRY_S = 34_560_000
DEFAULT_EXPIRY_S = 172_800


def _method(
    name: str,
    description: str,
    currency: str,
    amounts: tuple[int, int],
    instruction: list[str],
    *,
    fields: Iterable[RequiredField] = (),
    opens_virtual_accounts: bool = False,
) -> PayinMethod:
    return PayinMethod(
        payin_method_id=f"pim_{content_digest(b'payin method', name.encode())[:32]}",
        payin_method_name=name,
        payin_method_description=description,
        payin_method_logo=f"https://static.paycombat.example/payin/{currency.lower()}.png",
        payin_method_instruction=instruction,
        payin_method_category="BANK",
        payin_method_class="DOMESTIC",
        payin_method_group="NO_GROUP",
        country=AREA_OF_CURRENCY[currency].country_code,
        currency=currency,
        payin_method_param=list(fields),
        min_amount=Decimal(amounts[0]),
        max_amount=Decimal(amounts[1]),
        is_sender_validation_enabled=False,
        is_payin_method_available_24_7=True,
        is_cancellable=True,
        is_refundable=True,
        is_multiple_refund_allowed=False,
        is_partially_refundable=True,
        is_over_refundable=False,
        is_va_allowed=opens_virtual_accounts,
        is_payin_allowed=True,
        max_expiration_time_in_seconds=str(MAX_EXPIRY_S),
        default_expiry_time_seconds=str(DEFAULT_EXPIRY_S),
    )


_PAYER_NAME = RequiredField(
    name="payer_name",
    type="text",
    label="Name of the payer",
    regex="^.{2,140}$",
    mandatory=False,
    field_description="The name on the account that the payment comes from",
)

PAYIN_METHODS = (
    _method(
        "au_bank_npp",
        "Bank transfer over the New Payments Platform",
        "AUD",
        (1, 1_000_000),
        ["Open your bank's app.", "Pay the amount to the account shown.", "Give the reference shown."],
        fields=[_PAYER_NAME],
    ),
    _method(
        "eu_bank_sct_eur",
        "SEPA Credit Transfer",
        "EUR",
        (1, 500_000),
        ["Make a SEPA transfer to the IBAN shown.", "Give the reference shown."],
        fields=[_PAYER_NAME],
    ),
    *(
        _method(
            bank.bank_name,
            f"Virtual account at {bank.bank_name}",
            "KRW",
            (1_000, 50_000_000),
            ["Transfer the exact amount to the virtual account."],
            opens_virtual_accounts=True,
        )
        for bank in KOREAN_BANKS
    ),
)
PAYIN_METHOD_OF_NAME = {method.payin_method_name: method for method in PAYIN_METHODS}
