"""Names of wheels (PEP 427), and which interpreters and machines they are for."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from rknn_validation.facts.recipes.fetches import Fetch


@dataclass(frozen=True)
class Wheel:
    """The parts of a wheel's file name. `python` and `abi` as `cp312`, `platform` as `linux_aarch64`."""

    name: str
    version: str
    python: str
    abi: str
    platform: str

    @property
    def interpreter(self) -> str | None:
        """`3.12` for a wheel of one CPython version; None for pure or stable-ABI wheels."""
        found = re.fullmatch(r"cp(\d)(\d+)", self.python)
        return f"{found[1]}.{found[2]}" if found and self.abi not in ("none", "abi3") else None

    @property
    def is_for_aarch64_linux(self) -> bool | None:
        """None where the name does not tell."""
        if self.platform == "any":
            return True
        if not re.match(r"(linux|manylinux|musllinux|win|macosx)", self.platform):
            return None
        return any("linux" in part and part.endswith("_aarch64") for part in self.platform.split("."))


def wheel_of(name: str) -> Wheel | None:
    """The wheel of a file name; None where it is not a wheel's."""
    parts = name.removesuffix(".whl").split("-")
    if not name.endswith(".whl") or len(parts) not in (5, 6):
        return None
    # "+" in a local version is %2B in an address.
    return Wheel(parts[0], parts[1].replace("%2B", "+").split("+")[0], parts[-3], parts[-2], parts[-1])


def fetched_wheel(fetch: Fetch) -> Wheel | None:
    """The wheel a download gives, from its address or fetchPypi's attributes."""
    if fetch.fetcher == "fetchPypi" and fetch.attrs.get("format") == "wheel":
        given = {key: fetch.attrs.get(key, "") for key in ("pname", "version", "python", "abi", "platform")}
        return Wheel(
            given["pname"].replace("-", "_"), given["version"], given["python"], given["abi"], given["platform"]
        )
    return next((wheel for url in fetch.urls if (wheel := wheel_of(posixpath.basename(url)))), None)
