"""What the figures were measured on: without it they say nothing."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_DISTRIBUTIONS: Final = ("aiohttp", "msgspec", "anyio", "orjson", "pydantic", "requests", "httpx")


def machine() -> dict[str, str]:
    """Names and values, in the order in which they are to be read."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "load before": f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown",
        "python": f"{platform.python_implementation()} {platform.python_version()}, {_compiled()}",
        "libraries": ", ".join(f"{name} {_version(name)}" for name in _DISTRIBUTIONS),
    }


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
