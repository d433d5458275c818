"""Which texts are about the NPU."""

from __future__ import annotations

import pytest

from rknn_validation.npu.about import about_npu

pytestmark = pytest.mark.unit

ABOUT = """
rknpu
rknn
librknnrt.so
librknn_runtime.so
rknn-toolkit-lite2
rkllm
rkllama
rk-llama.cpp
rockchip,rk3588-rknpu
rockchip,rk3588-rknn-core
rocket
modprobe rocket
libteflon.so
rknpu2-server
fdab0000.npu
npu@fdac0000
platform-fdab0000.npu
/dev/rknpu
/dev/accel/accel0
/dev/accel
npu
NPU
the NPU's runtime
hardware.npu.enable
npu-server
my-npu
enableNpu
npuRuntime
NPU_CORE
NPUCore
onlyNpus
npu0
rk3588-npu
rkNpu
ROCKCHIP_RKNPU
CONFIG_DRM_ACCEL_ROCKET
drivers/accel/rocket
SUBSYSTEM=="accel", KERNEL=="accel*"
render nodes of NPUs
boot.kernelModules: rocket
["rocket"]
rockchip-npu
rk_npu
vdd_npu_s0
DEVNAME=accel/accel0
rocket, rknpu
/lib/modules/rocket.ko.xz
""".splitlines()[1:]
"""One text a line."""

OTHERS = """
input
libinput
--input
inputs
inputs.nixpkgs
INPUT
stdinput
inputMethod
unput
npulse
rocketchat
rocket-chip
rocket.chat
sprocket
rocketmq
accelerator
accel-ppp
Accelerate
xlibinput_calibrator
SUBSYSTEM=="input"
/dev/input/event0
/dev/dri/renderD128
rockchip
rk3588
CONFIG_INPUT_EVDEV
mpp_service
/dev/mpp_service
rga
services.xserver.libinput.enable
NPUTN
afdab00001
my-rocket-league
/srv/rocket
rockchip-vpu
xinput
INPUT_MOUSEDEV

output
""".splitlines()[1:]


@pytest.mark.parametrize("text", ABOUT)
def test_texts_about_the_npu_are_recognised(text: str) -> None:
    assert about_npu(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_texts_are_not(text: str) -> None:
    assert not about_npu(text)
