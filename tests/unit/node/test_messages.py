"""Kernel messages: lines of boards that work, and lines that report errors."""

from __future__ import annotations

import pytest

from rknn_validation.npu.messages import HARMLESS, MESSAGES, is_harmless, known

pytestmark = pytest.mark.unit

# As boards printed them; the source of each is that of its message.
TROUBLE = {
    "unsigned-module": "modprobe: ERROR: could not insert 'rknpu': Key was rejected by service",
    "module-of-another-kernel": "rknpu: disagrees about version of symbol module_layout",
    "module-lacks-symbols": "rknpu: Unknown symbol dma_heap_get_name (err -2)",
    "regulator-not-there-yet": "RKNPU fdab0000.npu: failed to get vdd regulator: -517",
    "probe-pending": "platform fdab0000.npu: deferred probe pending: rocket: wait for supplier /regulator@42",
    "supply-switched-off": "vdd_npu_s0: disabling",
    "power-domain-dead": "rockchip-pm-domain fd8d8000.power-controller: failed to get ack on domain 'npu'",
    "power-on-fault": "Internal error: SError: 00000000bf000000 in rockchip_pd_power+0x1c0/0x4a8",
    "iommu-off": "RKNPU fde40000.npu: RKNPU: rknpu iommu is disabled, using non-iommu mode",
    "mmu-unclocked": "rk_iommu fdab9000.iommu: Error during raw reset. MMU_DTE_ADDR is not functioning",
    "mmu-page-fault": "rk_iommu fdab9000.iommu: Page fault at 0x00af1000 of type read",
    "no-contiguous-memory": "RKNPU fde40000.npu: swiotlb: coherent allocation failed, size=6422528",
    "job-timeout-vendor": "RKNPU: failed to wait job, task counter: 74, flags: 0x1, ret = -512, elapsed time: 13624us",
    "job-timeout-mainline": "rocket fdab0000.npu: NPU job timed out",
    "kernel-crash-in-driver": "pc : rknpu_job_wait+0x118/0x3c0 [rknpu]",
    "kernel-crash": "Internal error: Oops: 9600004f [#1] SMP",
    "spinlock": "BUG: spinlock lockup suspected on CPU#4, yolo/2213",
}
HEALTHY = """\
rockchip-pm-domain fd8d8000.power-controller: Looking up npu-supply property in node /power-controller failed
RKNPU fdab0000.npu: Adding to iommu group 0
RKNPU fdab0000.npu: RKNPU: rknpu iommu is enabled, using iommu mode
RKNPU fdab0000.npu: can't request region for resource [mem 0xfdab0000-0xfdabffff]
[drm] Initialized rknpu 0.9.8 20240828 for fdab0000.npu on minor 1
vdd_npu: could not add device link fdab0000.npu: -EEXIST
RKNPU fdab0000.npu: RKNPU: Failed to get specification_serial_number
RKNPU fdab0000.npu: Failed to get specification_serial_number
RKNPU fdab0000.npu: Failed to get leakage
RKNPU fdab0000.npu: failed to find power_model node
RKNPU fdab0000.npu: RKNPU: failed to initialize power model
RKNPU fdab0000.npu: RKNPU: failed to get dynamic-coefficient
rknpu: loading out-of-tree module taints kernel.
[drm] Initialized rocket 0.0.0 for rknn on minor 0
rocket fdab0000.npu: Rockchip NPU core 0 version: 1179210309
""".splitlines()


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.id)
def test_each_message_matches_its_line(message: object) -> None:
    line = TROUBLE[message.id]  # type: ignore[attr-defined]
    assert known(line) is message
    assert not is_harmless(line)


@pytest.mark.parametrize("line", HEALTHY)
def test_a_healthy_boot_has_no_error_message(line: str) -> None:
    assert known(line) is None


def test_messages_that_only_look_like_errors_are_harmless() -> None:
    assert {line for line in HEALTHY if "ail" in line or "can't" in line or "could not" in line} == {
        line for line in HEALTHY if is_harmless(line) and "taints" not in line
    }
    assert all(HARMLESS.values())
    assert all(message.source and message.remedy for message in MESSAGES)
