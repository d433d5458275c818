"""Names systemd knows, in systemd.json: keys of unit files, and units every NixOS machine may have.

A key systemd does not know is ignored with a line in the journal: whatever it was meant to do does not happen. The keys
are those of systemd 252 (`systemd --dump-configuration-items`) and those added up to version 258. The units are
systemd's own (systemd.special(7), bootup(7)) and NixOS's.
"""

from __future__ import annotations

import json
from pathlib import Path

_NAMES = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
SECTIONS: dict[str, frozenset[str]] = {section: frozenset(keys) for section, keys in _NAMES["sections"].items()}
TARGETS, UNITS = frozenset(_NAMES["targets"]), frozenset(_NAMES["units"])
SUFFIXES = ("service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope")
"""How a unit's name may end."""
