"""What the figures were measured on: without it they say nothing."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_DISTRIBUTIONS: Final = (
    "aiohttp",
    "msgspec",
    "anyio",
    "uvloop",
    "orjson",
    "pydantic",
    "requests",
    "httpx2",
    "httpx",
    "stripe",
    "openai",
)

_BUSY: Final = 0.5  # the load above which client and server no longer have a core each


def machine() -> dict[str, str]:
    """Names and values, in the order in which they are to be read."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "load before": _load(),
        "python": f"{platform.python_implementation()} {platform.python_version()}, {_compiled()}",
        "libraries": ", ".join(f"{name} {_version(name)}" for name in _DISTRIBUTIONS),
    }


def _load() -> str:
    """How busy others kept the machine. Processor time withstands that for a while; time on the wall does not."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    load = os.getloadavg()[0]
    return f"{load:.2f}" + (" (busy: times on the wall mean nothing)" if load > _BUSY else "")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or "unknown"
    lines = (line.partition(":") for line in info.read_text().splitlines())
    return next((text.strip() for name, _, text in lines if name.strip() == "model name"), "unknown")


def _compiled() -> str:
    """Whether this Python was built with profile-guided optimisation: it makes 10 to 30 percent."""
    import sysconfig  # noqa: PLC0415  # reads a large file, and only this line wants it

    arguments = str(sysconfig.get_config_var("CONFIG_ARGS"))
    return ("" if "--enable-optimizations" in arguments else "no ") + f"PGO ({sys.platform})"


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
