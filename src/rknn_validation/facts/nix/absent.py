"""Files of inputs that are not on this machine: those that a configuration imports are put where it looks for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rknn_validation.common.process import SCRATCH

OPEN = Path(__file__).parent / "expression" / "open.nix"
MODULE = """\
# In place of a module that is not on this machine: it sets nothing, and says so.
builtins.trace "not modelled: the module {path} of {told}, which is not here" (
  {{ lib, ... }}:
  {{
    freeformType = import {open} {{ inherit lib; }};
    config.warnings = [ "rknn-validation: not here: {path} of {told}" ];
  }}
)
"""


@dataclass(frozen=True)
class Absent:
    """A folder for each input of a flake that is not here. It goes with this object, or with the process."""

    _folder: TemporaryDirectory[str] = field(default_factory=lambda: TemporaryDirectory(prefix=SCRATCH))

    @property
    def folder(self) -> Path:
        """Where the inputs' folders are."""
        return Path(self._folder.name).resolve()

    def place(self, key: str) -> Path:
        """The folder that stands for an input."""
        place = self.folder / re.sub(r"[^A-Za-z0-9+._-]", "-", key)
        place.mkdir(exist_ok=True)
        return place

    def supply(self, message: str, told: Mapping[str, str]) -> bool:
        """Put a module where Nix looked for one in vain; whether it did, and found none there.

        `message` is Nix's, `told` what to call the inputs, by key.
        """
        found = re.search(rf"{re.escape(str(self.folder))}/(?P<key>[^/'\s]+)/(?P<path>[^'\s\"\x1b]+)", message)
        if found is None or ".." in Path(found["path"]).parts:
            return False
        file = Path(found[0])
        file = file if file.suffix == ".nix" else file / "default.nix"
        if file.exists():
            # Another evaluation, at the same time, missed the same one: it is there by now.
            return f"'{found[0]}': No such file" in message
        file.parent.mkdir(parents=True, exist_ok=True)
        names = {self.place(key).name: name for key, name in told.items()}
        words = {"path": found["path"], "told": names.get(found["key"], found["key"]), "open": str(OPEN)}
        file.write_text(MODULE.format(**{name: re.sub(r'["$\\\\]', "", text) for name, text in words.items()}))
        return True
