"""The kernel that boots: where its source is from, how it is configured, and which NPU drivers it has."""
