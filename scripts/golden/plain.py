"""Writes bytes as numpy.save() would, without numpy."""

from __future__ import annotations

import struct


def array(shape: tuple[int, ...], content: bytes) -> bytes:
    """A .npy file, format version 1.0, of numbers from 0 to 255."""
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    # With the ten bytes before it, the header fills a multiple of 64 and ends in a newline.
    head += " " * (-(10 + len(head) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + content
