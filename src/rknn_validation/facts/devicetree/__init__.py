"""Device trees as the kernel gets them: compiled, with overlays applied."""
