"""The pytest plugin as a merchant's own tests use it, each time in a pytest of its own."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from paycombat_async.sandbox import pytest_plugin
from tests.processes import PATIENCE_S, ROOT, run

pytest_plugins = ["pytester"]

OPTIONS = (
    *("-p", "paycombat_async.sandbox.pytest_plugin", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider"),
    *("--strict-markers", "-W", "error", "-o", "asyncio_mode=auto"),
    *("-o", "asyncio_default_fixture_loop_scope=function"),
)
IN_BOTH_WORLDS = """
    import asyncio
    from paycombat_async import AsyncPayCombat, CreatePaymentRequest, UpdateCustomer
    from paycombat_sync import PayCombat

    def test_blocking(paycombat_sandbox, paycombat_client_options):
        with PayCombat(**paycombat_client_options) as paycombat:
            assert paycombat.master_data.countries_and_currencies()["currencies"]
        assert paycombat_sandbox.arrivals.counts == {"master_data.countries_and_currencies": 1}

    async def test_async(paycombat_sandbox, paycombat_client_options):
        async with AsyncPayCombat(**paycombat_client_options) as paycombat:
            assert await paycombat.master_data.countries_and_currencies()
        assert paycombat_sandbox.arrivals.counts == {"master_data.countries_and_currencies": 1}

    def test_own_loop(paycombat_client_options):
        async def currencies():
            async with AsyncPayCombat(**paycombat_client_options) as paycombat:
                return await paycombat.master_data.countries_and_currencies()
        assert asyncio.run(currencies())
"""
MARKED = """
    import pytest

    pytestmark = pytest.mark.paycombat_sandbox(customers=2, token="snd_module")

    def test_of_the_module(paycombat_sandbox):
        assert len(list(paycombat_sandbox.customer_ids)) == 2
        assert paycombat_sandbox.token == "snd_module"

    @pytest.mark.paycombat_sandbox(customers=3)
    class TestOfAClass:
        @pytest.mark.paycombat_sandbox(seed=7)
        def test_nearest_wins(self, paycombat_sandbox, paycombat_client_options):
            assert len(list(paycombat_sandbox.customer_ids)) == 3
            assert paycombat_client_options["token"] == "snd_module"
"""
OVERRIDDEN = """
    import pytest

    @pytest.fixture
    def paycombat_sandbox_options():
        return {"customers": 5, "token": "snd_mine"}

    def test_own_defaults(paycombat_sandbox):
        assert len(list(paycombat_sandbox.customer_ids)) == 5

    @pytest.mark.paycombat_sandbox(customers=1)
    def test_a_marker_beats_them(paycombat_sandbox):
        assert (len(list(paycombat_sandbox.customer_ids)), paycombat_sandbox.token) == (1, "snd_mine")
"""
FRESH = """
    import pytest

    @pytest.mark.parametrize("number", range(3))
    def test_every_test_has_its_own(paycombat_sandbox, number):
        assert list(paycombat_sandbox.customer_ids) == []
        paycombat_sandbox.add_customers(["customer_1"])
"""
SHARED = {
    "conftest": """
    import pytest

    @pytest.fixture(scope="session")
    def paycombat_session_sandbox_options():
        return {"customers": 2}

    @pytest.fixture(autouse=True)
    def _clean(paycombat_session_sandbox):
        paycombat_session_sandbox.reset()
""",
    "test_shared": """
    import pytest

    URLS = set()

    @pytest.mark.parametrize("number", range(3))
    def test_each_finds_it_as_at_the_start(paycombat_session_sandbox, number):
        assert len(paycombat_session_sandbox.customer_ids) == 2
        paycombat_session_sandbox.add_customers(["customer_1"])
        URLS.add(paycombat_session_sandbox.base_url)
        assert len(URLS) == 1
""",
}
WRONG = """
    import pytest

    @pytest.mark.paycombat_sandbox(3)
    def test_without_a_name(paycombat_sandbox): pass

    @pytest.mark.paycombat_sandbox(custumers=3)
    def test_misspelt(paycombat_sandbox): pass

    @pytest.mark.paycombat_sandbox(token="live")
    def test_live_credential(paycombat_sandbox): pass
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else is installed here stays out; the plugin is named, as if it were installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_merchant_tests_with_it(pytester: pytest.Pytester) -> None:
    """Async and blocking tests, options from fixture and marker, strict markers, warnings as errors."""
    pytester.makepyfile(test_worlds=IN_BOTH_WORLDS, test_marked=MARKED, test_overridden=OVERRIDDEN, test_fresh=FRESH)

    result = pytester.runpytest_subprocess(*OPTIONS, timeout=PATIENCE_S)

    result.assert_outcomes(passed=3 + 2 + 2 + 3)


def test_one_sandbox_serves_all_tests(pytester: pytest.Pytester) -> None:
    """At one address, as an application that is started once needs it; `reset` makes it new for each test."""
    pytester.makepyfile(**SHARED)

    result = pytester.runpytest_subprocess(*OPTIONS, timeout=PATIENCE_S)

    result.assert_outcomes(passed=3)


def test_a_logged_token_fails_the_test(pytester: pytest.Pytester) -> None:
    """The canary looks at the logs by itself, at the end."""
    pytester.makepyfile("""
        import logging

        def test_quiet(paycombat_canary):
            logging.getLogger("shop").debug("a payout was made")

        def test_loud(paycombat_canary):
            logging.getLogger("shop").debug("token %s", paycombat_canary.token)
    """)

    result = pytester.runpytest_subprocess(*OPTIONS, timeout=PATIENCE_S)

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*secrets can be seen: token, plain*"])


def test_a_wrong_marker_is_an_error(pytester: pytest.Pytester) -> None:
    """A marker with unknown options fails the test before it runs, with a message."""
    pytester.makepyfile(WRONG)

    result = pytester.runpytest_subprocess(*OPTIONS, timeout=PATIENCE_S)

    result.assert_outcomes(errors=3)
    for complaint in (
        "takes the options by name, as customers=3",
        "unexpected keyword argument 'custumers'",
        "token does not start with 'snd_'",
    ):
        result.stdout.fnmatch_lines([f"*{complaint}*"])


def test_pytest_lists_marker_and_fixtures(pytester: pytest.Pytester) -> None:
    """`pytest --markers` and `--fixtures` list the plugin's marker and fixtures with their purpose."""
    markers = pytester.runpytest_subprocess(*OPTIONS, "--markers", timeout=PATIENCE_S)
    fixtures = pytester.runpytest_subprocess(*OPTIONS, "--fixtures", timeout=PATIENCE_S)

    markers.stdout.fnmatch_lines(["@pytest.mark.paycombat_sandbox(?*options): options of the Sandbox*"])
    for name in ("paycombat_sandbox", "paycombat_sandbox_options", "paycombat_client_options", "paycombat_canary"):
        fixtures.stdout.re_match_lines([rf"{name} -- "])


def test_loading_it_imports_nothing_of_the_sdk(tmp_path: Path) -> None:
    """As the top-level module that it is in the wheel: everybody's pytest loads it, whatever they test."""
    shutil.copy(pytest_plugin.__file__, tmp_path / "pytest_paycombat.py")
    script = (
        "import sys, pytest; before = set(sys.modules); import pytest_paycombat; print(*(set(sys.modules) - before))"
    )

    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    loaded = run(sys.executable, "-W", "error", "-c", script, env=environment, check=True)

    assert loaded.stdout.split() == ["pytest_paycombat"]


def test_the_sandbox_does_without_pytest() -> None:
    """The plugin is for pytest to load; nothing else of the SDK asks for it."""
    script = "import sys, paycombat_async.sandbox; print(*(name for name in sys.modules if 'pytest' in name))"

    loaded = run(sys.executable, "-c", script, check=True)

    assert loaded.stdout.split() == []
