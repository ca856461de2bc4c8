"""The exit code of a run: the worst that happened counts."""

from itertools import product

import pytest

from paycombat_async.batch import BatchReport
from paycombat_async.batch.report import Failure
from paycombat_async.batch.rows.row import row_from_data

# Which of these happened, and the exit code: unknown rows are not hidden by what else went wrong.
CODES = {
    (unknown, misconfigured, failed, stopped, interrupted): (
        130 if interrupted else 3 if unknown else 2 if misconfigured else 1 if failed or stopped else 0
    )
    for unknown, misconfigured, failed, stopped, interrupted in product((False, True), repeat=5)
}


@pytest.mark.parametrize(("happened", "code"), CODES.items(), ids=str)
def test_the_worst_decides_the_exit_code(happened: tuple[bool, ...], code: int) -> None:
    """A script that goes on after 0, or tries again after 1, must not pass over a row in doubt."""
    unknown, misconfigured, failed, stopped, interrupted = happened
    report = BatchReport(
        rows=9,
        updated=7,
        unchanged=0,
        failed=int(failed),
        unknown=int(unknown),
        pending=0,
        stopped="the provider keeps failing" if stopped else "",
        misconfigured=misconfigured,
        interrupted=interrupted,
    )

    assert code == report.exit_code


@pytest.mark.promise("P7")
def test_a_repr_has_no_personal_data():
    """Error reporters show local variables: rows, their sources, and what the provider says of a row."""
    private = {"customer_id": "customer_1", "individual": {"first_name": "Ana-Maria"}}
    row = row_from_data(1, private, ("customer_1", "Ana-Maria"))
    bad = row_from_data(2, {"customer_id": "customer_2", "firstname": "x"}, ("customer_2", "Ana-Maria"))
    failure = Failure(3, "customer_3", "400 the provider knows Ana-Maria")
    report = BatchReport(rows=1, updated=0, unchanged=0, failed=1, unknown=0, pending=0, failures=(failure,))

    for shown in (row, bad, failure, report):
        assert "Ana-Maria" not in repr(shown)
        assert "customer_" in repr(shown)
