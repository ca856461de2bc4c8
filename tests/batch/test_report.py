"""The exit code of a run: the worst that happened counts."""

from itertools import product

import pytest

from paycombat_async.batch import BatchReport

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
