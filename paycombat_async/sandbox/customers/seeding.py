"""Generates example customers: the same seed and number always give the same customer.

Many names are not ASCII, so that mistakes with encodings become visible.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias, TypeVar

import msgspec

from paycombat_async._signing import content_digest
from paycombat_async.sandbox.customers.profile import new_profile
from paycombat_async.sandbox.customers.table import Document

Kind: TypeAlias = Literal["company", "individual"]
T = TypeVar("T")

# The ids of the customers in the README's examples. All examples run on a sandbox that has these customers.
EXAMPLE_IDS: Final = (
    "customer_0dba3ca15dc2a46eb060e43da671efa3",
    *(f"customer_{number}" for number in range(100)),
    # the ids in the file that `paycombat customers sample` writes
    *(f"customer_sample_{number:02}" for number in range(1, 13)),
)

_PLACES = (
    # Each place has a country, calling code, city, state, street and postal code.
    ("KR", "82", "서울", "서울특별시", "강남구 테헤란로 152", "06236"),
    ("KR", "82", "부산", "부산광역시", "해운대구 센텀중앙로 79", "48058"),
    ("FR", "33", "Besançon", "Franche-Comté", "12 rue de la République", "25000"),
    ("DE", "49", "Köln", "Nordrhein-Westfalen", "Hohe Straße 7", "50667"),
    ("ES", "34", "A Coruña", "Galicia", "Rúa Real 41", "15003"),
    ("PL", "48", "Łódź", "łódzkie", "ul. Piotrkowska 86", "90-103"),
    ("IE", "353", "Dún Laoghaire", "Dublin", "3 O'Connell Street", "A96 K7T2"),
    ("AU", "61", "Sydney", "NSW", "Level 3, 100 Harris St", "2009"),
)
_FIRST = ("민준", "서연", "지우", "Zoë", "François", "Jürgen", "Søren", "Łucja", "Núria", "Siobhán", "Ana María", "Li")
_LAST = ("김", "이", "박", "최", "Müller", "Lefèvre", "O'Brien", "Muñoz", "Wójcik", "Åkesson", "D'Angelo", "Smith-Ray")
_FIRMS = (
    "주식회사 한빛무역",
    "(주)새벽물산",
    "Café Métropole SARL",
    "Björk & Söhne GmbH",
    "Peña Hermanos S.A.",
    'The "Blue Door" Pty Ltd',
    "Żubr Sp. z o.o.",
    "O'Malley Imports",
)
_IDENTIFICATIONS = ("PASSPORT", "NATIONAL_ID", "DRIVING_LICENSE")


def made_up(seed: int, number: int, *, at: str) -> tuple[str, bytes]:
    """Returns the id and the JSON profile of the generated customer with this number.

    Customers with an even number are companies, and all others are individuals.
    """
    choice = _SeededChoice(f"{seed}/{number}")
    customer_id = f"customer_{content_digest(f'seeded/{seed}/{number}'.encode())[:32]}"
    changes: Document = {
        "description": f"Made-up customer {number + 1}",
        "organization_reference_id": f"REF-{seed}-{number + 1:06d}",
        "metadata": {"source": "sandbox", "tier": choice.one_of(("gold", "silver", "표준"))},
    }
    if number % 2:
        changes |= {"type": "individual", "individual": _person(choice, number)}
    else:
        changes |= {"type": "company", "company": _company(choice, number)}
    return customer_id, msgspec.json.encode(new_profile(customer_id, changes, at=at))


def plain(ids: Iterable[str], kind: Kind, *, at: str) -> Iterator[tuple[str, bytes]]:
    """Yields the id and the minimal JSON profile of a customer, for each id.

    The profiles differ only in the id. Everything else is encoded once, so that a million customers are made quickly.
    """
    part = {"first_name": "Li", "last_name": "Kim"} if kind == "individual" else {"name": "Plain Company"}
    changes: Document = {"description": "Plain customer", "type": kind, kind: part | {"address_country": "KR"}}
    document = new_profile("", changes, at=at)
    del document["customer_id"]
    after_id = b"," + msgspec.json.encode(document)[1:]
    for customer_id in ids:
        yield customer_id, b'{"customer_id":' + msgspec.json.encode(customer_id) + after_id


class _SeededChoice:
    """Pseudo-random choices that are derived from a str. The same str always gives the same choices."""

    def __init__(self, text: str) -> None:
        self._left = int(content_digest(text.encode()), 16)

    def one_of(self, options: tuple[T, ...]) -> T:
        self._left, index = divmod(self._left, len(options))
        return options[index]

    def digits(self, count: int) -> str:
        self._left, number = divmod(self._left, 10**count)
        return f"{number:0{count}d}"


def _address(choice: _SeededChoice) -> Document:
    country, code, city, state, street, postal = choice.one_of(_PLACES)
    return {
        "address_country": country,
        "address_state": state,
        "address_city": city,
        "address_line1": street,
        "address_zip_code": postal,
        "phone_country_code": code,
        "phone_number": choice.digits(9),
    }


def _person(choice: _SeededChoice, number: int) -> Document:
    address = _address(choice)
    year, month, day = 1950 + int(choice.digits(2)) % 50, 1 + int(choice.digits(2)) % 12, 1 + int(choice.digits(2)) % 28
    return address | {
        "first_name": choice.one_of(_FIRST),
        "last_name": choice.one_of(_LAST),
        "dob": f"{year}-{month:02d}-{day:02d}",
        "email": f"person{number + 1}@example.com",
        "nationality": address["address_country"],
        "country_of_residence": address["address_country"],
        "identification_type": choice.one_of(_IDENTIFICATIONS),
        "identification_value": f"M{choice.digits(8)}",
    }


def _company(choice: _SeededChoice, number: int) -> Document:
    address = _address(choice)
    return address | {
        "name": choice.one_of(_FIRMS),
        "registration_number": f"{choice.digits(3)}-{choice.digits(2)}-{choice.digits(5)}",
        "incorporation_country": address["address_country"],
        "company_email": f"office{number + 1}@example.com",
        "authorized_user": _person(choice, number),
    }
