"""A row: what is sent of it, and by what a later run knows it again."""

import hashlib

from paycombat_async import UpdateCustomer
from paycombat_async.batch import Row
from paycombat_async.batch.rows.row import row_from_request


def test_a_change_anywhere_in_a_row_is_another_row() -> None:
    """The digest is that of the whole body, so that a correction at its end is sent, too."""
    texts = ["x" * 500, "x" * 499 + "y", "y" + "x" * 499, "x" * 499]
    rows = [row_from_request(2, UpdateCustomer(customer_id="c1", description=text)) for text in texts]
    digests = [row.digest for row in rows if isinstance(row, Row)]

    assert 4 == len(set(digests))
    assert digests == [hashlib.sha256(row.body).hexdigest() for row in rows if isinstance(row, Row)]
