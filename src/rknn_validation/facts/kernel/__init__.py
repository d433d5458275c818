"""The kernel that boots: where its source comes from, how it is configured, and which NPU drivers it has."""
