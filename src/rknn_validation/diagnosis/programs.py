"""Failures of containers, models and the programs that run them."""

from __future__ import annotations

from rknn_validation.diagnosis.model import LIKELY, POSSIBLE, KnownFailure, Sign

_RUN = ("inference.*", "python.*")

RULES = (
    KnownFailure(
        "container-without-render-node", "container", "`some necessary files are missing in the container`",
        "in a container (/.dockerenv) the Python API requires /dev/dri/renderD129, whatever number the NPU has",
        "Map the NPU's own render node to that name, or run the program on the node.",
        "ran; istoreos/istoreos#2897",
        (Sign(r"some necessary files are missing in the container"),),
        _RUN,
    ),
    KnownFailure(
        "container-without-store", "container", "a link into /nix/store leads nowhere inside the container",
        "the container has the link, but not the store path it points to",
        "Mount the closure, not only the link (CDI with exact store paths).",
        "ran",
        (Sign(r"(?s)Could not find libteflon\.so.*/run/opengl-driver\S* -> /nix/store/"),
         Sign(r"leads to /nix/store/\S+, which is not in the container", ("container.library-found",))),
        ("library.*", "container.library-found", *_RUN),
        certainty=LIKELY,
    ),
    KnownFailure(
        "container-device-denied", "container", "`failed to open rknpu module` as root; `Operation not permitted`",
        "the device cgroup of the container denies the NPU's devnode, which is mounted but was not given to it",
        "Give the container the device (--device, CDI, the node driver) instead of a mount; do not make it privileged.",
        "blakeblackshear/frigate-hass-addons#145; rockchip-linux/rknpu2#114",
        (Sign(r"its device cgroup denies it", ("container.may-open-devnode",)),),
        ("container.may-open-devnode",),
    ),
    KnownFailure(
        "model-newer-than-runtime", "model", "`Invalid RKNN model version 6`",
        "the model was converted for a newer runtime than the node has",
        "Use a newer librknnrt.so, or convert the model with the runtime's version.",
        "airockchip/rknn-toolkit2#281; rockchip-linux/rknn-toolkit2#212",
        (Sign(r"Invalid RKNN model version|incompatible model version", ("inference.*",)),),
        ("inference.*",),
    ),
    KnownFailure(
        "not-a-model", "model", "`invalid RKNN_MAGIC`",
        "the file is not an .rknn model: it is an ONNX or .rkllm file, a Git LFS pointer, or an incomplete download",
        "Check that head -c 4 FILE prints RKNN, and export the model again.",
        "airockchip/rknn-toolkit2#405",
        (Sign(r"invalid RKNN_MAGIC", ("inference.*",)),),
        ("inference.*",),
    ),
    KnownFailure(
        "invalid-core-mask", "model", "`The core mode 5 is not supported`",
        "the driver does not support this core mask",
        "Use 0 (any), 1, 2, 4 (one core), 3 (two), 7 or 0xffff (all).",
        "ran",
        (Sign(r"core mode \w+ is not supported"),),
        ("inference.*",),
    ),
    KnownFailure(
        "program-crashed", "model", "`Segmentation fault` (exit status 139), `Illegal instruction` (132)",
        "the runtime crashed on this model: most often model, runtime and toolkit are not of one release; the "
        "evidence names the signal and both versions",
        "Convert the model again with the toolkit of the runtime's release, or take the runtime of the model's: "
        "all numbers count, 2.3.0 is not 2.3.2. An illegal instruction: the library is for another processor.",
        "jaylfc/taOS#42; airockchip/rknn-toolkit2#506; airockchip/rknn-toolkit2#511",
        (Sign(r"the program that ran the model crashed: SIG", ("inference.*",)),),
        ("inference.*",),
        certainty=LIKELY,
    ),
    KnownFailure(
        "too-many-open-files", "model", "`errno: 24, errstr: Too many open files`",
        "the process reached its limit of open files; each buffer of the NPU is one",
        "Set LimitNOFILE = 65536 on the unit.",
        "airockchip/rknn-llm#62",
        (Sign(r"errno: 24|Too many open files"),),
        ("inference.*",),
    ),
    KnownFailure(
        "output-wrong", "model", "every call succeeds, and the output is not the model's",
        "layout, type or normalisation of the input do not match the model, or an error was ignored",
        "Use NHWC and the data type of the conversion; then compare the versions of converter, runtime and driver.",
        "ran",
        (Sign(r"the output (is off|has values that are not numbers|has the shape)", ("inference.golden-output",)),),
        certainty=POSSIBLE,
    ),
    KnownFailure(
        "clock-low", "speed", "every model is slow; cur_freq stays at 300 MHz while it runs",
        "the NPU does not reach its frequency while it works: its governor or max_freq holds it down, or its heat",
        "Set the governor of /sys/class/devfreq/*.npu to rknpu_ondemand or performance and max_freq to 1000000000; "
        "where the temperature is near its limit, cool it.",
        "airockchip/rknn-llm#27; airockchip/rknn-llm#409",
        (Sign(r"MHz while the model runs.*; this SoC's NPU runs at", ("power.frequency-under-load",)),),
        ("power.frequency-under-load", "inference.latency", "inference.faster-than-cpu"),
    ),
    KnownFailure(
        "silent-cpu-fallback", "speed", "it runs, as slow as the processor; no interrupts, the load file stays at 0%",
        "the CPU computes: the NPU's provider or delegate was not loaded, without an error",
        "Assert in the program that the provider or delegate is loaded; watch the load file while it runs.",
        "immich-app/immich#30037",
        (
            Sign(
                r"it may be the CPU that computes|the NPU was idle while|the CPU computed it",
                ("inference.*",),
            ),
        ),
        certainty=LIKELY,
    ),
)  # fmt: skip
"""In the order of their layers, specific failures before general ones."""
