"""How a page looks: wide and on a telephone, light and dark; and whether all people can use it, as far as axe knows."""

from collections.abc import Iterator
from typing import Any

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}  # a usual telephone
_SEVERE = frozenset({"serious", "critical"})
_AXE_RUN = "() => axe.run(document, {resultTypes: ['violations']}).then(results => results.violations)"


def looks(page: Any) -> Iterator[str]:
    """Shows the page in each look in turn, yields the look's name, and brings the usual look back at the end."""
    for width, size in (("wide", WIDE), ("narrow", NARROW)):
        for scheme in ("light", "dark"):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            yield f"{width}, {scheme}"
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")


def check_looks(page: Any) -> None:
    """Fails if the page, in any look, has a serious or critical violation, or must be scrolled sideways."""
    found = [f"{look}: {fault}" for look in looks(page) for fault in (*violations(page), *_overflows(page))]
    assert not found, "\n".join(found)


def violations(page: Any) -> list[str]:
    """Returns the serious and critical violations that axe finds in the page as it is shown now."""
    from axe_playwright_python.base import AXE_SCRIPT

    if page.evaluate("() => typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    return [
        f"{each['impact']}: {each['id']}: {each['help']}: {[node['html'] for node in each['nodes']]}"
        for each in page.evaluate(_AXE_RUN)
        if each["impact"] in _SEVERE
    ]


def _overflows(page: Any) -> list[str]:
    shown, needed = page.evaluate("() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]")
    return [f"{needed} px wide in a window of {shown} px"] if needed > shown else []
