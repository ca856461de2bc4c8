"""Countries and currencies: those of the methods on record."""

from msgspec import Struct


class Place(Struct, frozen=True):
    """A country and its currency. Codes are ISO 3166 and ISO 4217, save EU for the euro, as on the provider's pages."""

    country_code: str
    country_name: str
    currency: str
    currency_name: str


PLACES = (
    Place("AU", "AUSTRALIA", "AUD", "Australian Dollar"),
    Place("EU", "EUROPEAN UNION", "EUR", "Euro"),
    Place("SG", "SINGAPORE", "SGD", "Singapore Dollar"),
    Place("NZ", "NEW ZEALAND", "NZD", "New Zealand Dollar"),
    Place("KR", "SOUTH KOREA", "KRW", "South Korean Won"),
    Place("PH", "PHILIPPINES", "PHP", "Philippine Peso"),
)
PLACE_OF_CURRENCY = {place.currency: place for place in PLACES}
