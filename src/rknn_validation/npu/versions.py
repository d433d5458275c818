"""Versions, wheel tags and hashes of the vendor's userspace, as data.

Sources. Wheels: the Python package index, every file of rknn-toolkit-lite2 fetched and hashed (2.3.0, 2.3.2 and
2.5.0 are all there are; files are immutable). Wheel metadata (dependencies, top-level package): read from the
wheels themselves. Where files lie in the vendor's Git repositories and at which commit a version first appears:
their file lists. librknnrt.so 2.3.2: published alike by several independent users (7,726,232 bytes); 2.3.0: told
by a public Nix package of commit a8dd54d.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

WHEEL_PLATFORM = "manylinux_2_17_aarch64.manylinux2014_aarch64"
"""Platform tag of every wheel on the index, to be spelled exactly like this in a file name."""

TOOLKIT_LITE_WHEELS: Mapping[str, Mapping[str, str]] = {
    "2.3.0": {
        "cp37": "1983c3bcb82402f64997a5b937427f75c9f4532387d780824c1b9d4bf2bd0c72",
        "cp38": "89466e1e8aa6f887de0f9ae94fabbd6db461b8134b5020d12b4228fcf239132e",
        "cp39": "728f574be91df6c78019fd9241cf2a8331adf74f6bb807e33a0b45e20a1f31a0",
        "cp310": "4b6733689bd09a262bcb6ba4744e690dd4b37ebeac4ed427cf45242c4b4ce9a4",
        "cp311": "e3e4fefe355dc34a155680e4bcb9e4abb37ebc271f045ec9e0a4a3a018bc5beb",
        "cp312": "37394371d1561f470c553f39869d7c35ff93405dffe3d0d72babf297a2b0aee9",
    },
    "2.3.2": {
        "cp37": "98c4fc031aece1e96394ea7bd6d13368cd0d4a7107f76bdcb7fa0a9945be2e5a",
        "cp38": "4309821b592df85b1fd2a7ff8b863e371ab25d60fca2b86defb8c4542db9d3e9",
        "cp39": "065ca7db91fd342b08a01c68ffd317308c86b696c96b878373f3635b3e47adef",
        "cp310": "821e80c95e6838308c133915660b1a6ae78bb8d079b2cbbd46a02dae61192d33",
        "cp311": "bda74f1179e15fccb8726054a24898982522784b65bb340b20146955d254e800",
        "cp312": "e1e4ec691fed900c0e6fde5e7d8eeba17f806aa45092b63b361ee775e2c1b50e",
    },
    "2.5.0": {
        "cp37": "9ec5b83aee41f1489fc61e04cda27ed9bbcab2a1e445f925bcda62047d70c721",
        "cp38": "7bcdc5ba1694d229ba72344e88bba02cf4e6959a2ab0113e2e385b2a5994f2af",
        "cp39": "c834f41dc48456ef5eb0107355abe9abb167d7b47f7375d581f2975767451068",
        "cp310": "57a5a1f967ff88a1f933abc15a64cf11db37fb406c00cb610f20a566ec231161",
        "cp311": "1f1ef5df21d0abf9c8d6d582e21fb8226c2f7ffc17d7744cd18260a7343d503f",
        "cp312": "5cea0e6ff6e52974debf21719b4499803b5ab62550107274e709846531bf53e1",
    },
}
"""Version -> Python tag -> sha256 of rknn-toolkit-lite2's wheel on the index."""

PYTHON_TAGS = ("cp37", "cp38", "cp39", "cp310", "cp311", "cp312")
"""Interpreters a wheel was ever published for, up to NEWEST_KNOWN."""

NEWEST_KNOWN = (2, 5, 0)
"""The newest version these facts were collected for; nothing is claimed about later ones."""

RELEASED = ("1.4.0", "1.5.0", "1.5.2", "1.6.0", "2.0.0b0", "2.1.0", "2.2.0", "2.3.0", "2.3.2", "2.5.0")
"""Versions of the toolkit that were released with wheels, oldest first."""

TOOLKIT_LITE_DEPENDENCIES = ("numpy", "psutil", "ruamel-yaml")
"""What the wheel's metadata requires, by nixpkgs attribute name (2.3.0, 2.3.2 and 2.5.0 alike)."""

TOOLKIT_LITE_PACKAGE = "rknnlite"
"""The only top-level Python package in the wheel. `rknn` is that of the desktop toolkit, rknn-toolkit2."""

RUNTIME_HASHES: Mapping[str, str] = {
    "2.3.0": "73993ed4b440460825f21611731564503cc1d5a0c123746477da6cd574f34885",
    "2.3.2": "d31fc19c85b85f6091b2bd0f6af9d962d5264a4e410bfb536402ec92bac738e8",
}
"""Version -> sha256 of librknnrt.so for aarch64 Linux."""

COMMITS: Mapping[str, str] = {
    "77b71094e08391c543d9c65fea5f7cf98cc16eee": "2.0.0b0",
    "deaba85fc437a28db0b0c29f27d8929f4c5816a1": "2.1.0",
    "7efa763d1da04c4c4447fa5632dc2d9c94fb3063": "2.2.0",
    "a8dd54d41e92c95b4f95780ed0534362b2c98b92": "2.3.0",
    "42aa1d426c0a9e0869b6374edba009f7208a1926": "2.3.2",
}
"""Commits of airockchip/rknn-toolkit2 that brought a release."""

TREE_HASHES: Mapping[str, str] = {
    "5adf7c1bd17e169e9880ccdf3b49adde925ab7f9": "sha256-9szvZmMreyuigeAUe8gIQgBzK/f9c9IgsIUAuHNguRU=",
    "a8dd54d41e92c95b4f95780ed0534362b2c98b92": "sha256-k0euxjuVIbWNmfV17vku/rK5zp6NVAQCbcVcazOFiQI=",
}
"""Commit -> hash of its whole tree as fetchFromGitHub gives it (rknpu2 1.5.2, rknn-toolkit2 2.3.0)."""

LIBRARY = "librknnrt.so"
RUNTIME_PATHS: Mapping[str, tuple[str, ...]] = {
    "rknn-toolkit2": ("rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so",),
    "rknpu2": (
        "runtime/RK3588/Linux/librknn_api/aarch64/librknnrt.so",
        "runtime/Linux/librknn_api/aarch64/librknnrt.so",
    ),
}
"""Vendor repository (any owner: forks keep the layout) -> where the runtime for this SoC lies in it.

rknn-toolkit2 carries it since 1.6; before, it was in rknpu2, by SoC up to 1.5.2. Trees that match neither are
not judged: see `misplaced_runtime`.
"""

FOREIGN_LIBRARY_FOLDERS = ("armhf", "armhf-uclibc", "armeabi-v7a", "arm64-v8a", "x86_64", "arm")
"""Folders of the vendor's repositories whose libraries no aarch64 Linux program can load."""


def version_numbers(text: str) -> tuple[int, ...] | None:
    """`2.3.2` or `v2.3.2` as numbers; None for anything that does not start like a version."""
    found = re.match(r"v?(\d+(?:\.\d+)+)", text)
    return tuple(int(part) for part in found[1].split(".")) if found else None


def misplaced_runtime(repository: str, path: str) -> bool:
    """Whether a path to the runtime cannot exist in a vendor repository of this name."""
    known = RUNTIME_PATHS.get(repository.lower().removesuffix(".git"))
    return known is not None and path.endswith(LIBRARY) and path.lstrip("/") not in known
