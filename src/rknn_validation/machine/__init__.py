"""Emulated boards: image, device tree, QEMU, snapshot, and the configuration installed on them."""
