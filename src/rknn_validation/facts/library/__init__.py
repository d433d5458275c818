"""The runtime library: which packages carry it, where it is put, and who finds it there."""
