"""Hashes as Nix writes them: SRI, `algorithm:…`, bare base 16, 32 or 64."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

_BYTES = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64, "blake3": 32}
_NIX32 = "0123456789abcdfghijklmnpqrsvwxyz"


@dataclass(frozen=True)
class Hash:
    """An algorithm and a digest in base 16."""

    algorithm: str
    digest: str


class HashError(ValueError):
    """The text is no hash; the message says why."""


def parse_hash(text: str, algorithm: str | None = None) -> Hash:
    """Read a hash. `algorithm` is what the attribute's name says (`sha256 = …`), None for `hash`."""
    found = re.match(r"(md5|sha1|sha256|sha512|blake3)([-:])", text)
    payload = text[found.end() :] if found else text
    named = found[1] if found else None
    if named and algorithm and named != algorithm:
        raise HashError(f"it is a {named} hash under an attribute for {algorithm}")
    kind = named or algorithm
    if kind is None:
        raise HashError("it does not say which algorithm made it (expected sha256-…)")
    return Hash(kind, _digest(payload, kind, sri=bool(found and found[2] == "-")))


def _digest(payload: str, algorithm: str, *, sri: bool) -> str:
    size = _BYTES[algorithm]
    base64_length = (size + 2) // 3 * 4
    lengths = {size * 2: "base 16", (size * 8 + 4) // 5: "base 32", base64_length: "base 64"}
    if not payload:
        raise HashError("it is empty")
    if sri and len(payload) != base64_length:
        raise HashError(f"after {algorithm}- come {base64_length} characters of base 64, not {len(payload)} characters")
    if len(payload) not in lengths:
        wanted = ", ".join(f"{length} ({base})" for length, base in lengths.items())
        raise HashError(f"{algorithm} has {wanted} characters, not {len(payload)}")
    try:
        if sri or len(payload) == base64_length:
            return base64.b64decode(payload, validate=True).hex()
        return bytes.fromhex(payload).hex() if len(payload) == size * 2 else _from_nix32(payload, size)
    except (ValueError, binascii.Error) as error:
        raise HashError(f"it is not {'base 64' if sri else lengths[len(payload)]}: {error}") from error


def _from_nix32(payload: str, size: int) -> str:
    number = 0
    for letter in payload:
        if letter not in _NIX32:
            raise ValueError(f"{letter!r} is not a letter of Nix's base 32")
        number = number * 32 + _NIX32.index(letter)
    try:
        return number.to_bytes(size, "little").hex()
    except OverflowError as error:
        raise ValueError("the number is too large") from error


def is_placeholder(text: str) -> bool:
    """Whether this is something people write until they know the hash: all zeros, one short pattern repeated."""
    payload = re.sub(r"^(md5|sha1|sha256|sha512|blake3)[-:]", "", text).rstrip("=")
    if not payload:
        return True
    return len(payload) >= 16 and any(
        payload == (payload[:period] * len(payload))[: len(payload)]
        for period in range(1, min(16, len(payload) // 2) + 1)
    )
