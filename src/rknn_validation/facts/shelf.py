"""A shelf: facts of many hosts kept in files, a few of them in memory. Processes of one run share it."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path

from rknn_validation.facts.model import Facts

IN_MEMORY = 4
"""Facts of a whole machine take a few megabytes; a fleet may have hundreds."""


class Shelf(Mapping[str, Facts]):
    """Facts by scenario, each in a file of its own in `folder`, which the owner removes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: OrderedDict[str, Facts] = OrderedDict()

    def add(self, name: str, facts: Facts) -> None:
        """Put the facts of a scenario on the shelf."""
        part = self._file(name).with_suffix(".part")
        part.write_bytes(pickle.dumps(facts))
        part.rename(self._file(name))

    def __getitem__(self, name: str) -> Facts:
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        try:
            found: Facts = pickle.loads(self._file(name).read_bytes())
        except FileNotFoundError as error:
            raise KeyError(name) from error
        self._kept[name] = found
        while len(self._kept) > IN_MEMORY:
            self._kept.popitem(last=False)
        return found

    def __iter__(self) -> Iterator[str]:
        return (bytes.fromhex(file.stem).decode() for file in sorted(self.folder.glob("*.facts")))

    def __len__(self) -> int:
        return sum(1 for _ in self.folder.glob("*.facts"))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name.encode().hex()}.facts"
