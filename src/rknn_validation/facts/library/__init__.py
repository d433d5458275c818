"""The NPU's user-space library: which packages have it, where it is put, and which programs find it."""
