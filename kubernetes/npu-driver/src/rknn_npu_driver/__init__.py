"""Kubernetes node driver for the RK3588 NPU: DRA and device plugin, vendor and mainline stack."""
