"""Countries and currencies of the documented payin and payout methods."""

from msgspec import Struct


class CurrencyArea(Struct, frozen=True):
    """A country and its currency, as ISO 3166 and ISO 4217 codes.

    For the euro, the country code is "EU", as in the provider's documentation.
    """

    country_code: str
    country_name: str
    currency: str
    currency_name: str


CURRENCIES = (
    CurrencyArea("AU", "AUSTRALIA", "AUD", "Australian Dollar"),
    CurrencyArea("EU", "EUROPEAN UNION", "EUR", "Euro"),
    CurrencyArea("SG", "SINGAPORE", "SGD", "Singapore Dollar"),
    CurrencyArea("NZ", "NEW ZEALAND", "NZD", "New Zealand Dollar"),
    CurrencyArea("KR", "SOUTH KOREA", "KRW", "South Korean Won"),
    CurrencyArea("PH", "PHILIPPINES", "PHP", "Philippine Peso"),
)
AREA_OF_CURRENCY = {area.currency: area for area in CURRENCIES}
