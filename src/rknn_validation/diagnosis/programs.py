"""Failures of containers, models and the programs that run them."""

from __future__ import annotations

from rknn_validation.diagnosis.model import LIKELY, POSSIBLE, Rule, Sign

_RUN = ("inference.*", "python.*")

RULES = (
    Rule(
        "container-without-render-node", "container", "`some necessary files are missing in the container`",
        "in a container (/.dockerenv) the Python API insists on /dev/dri/renderD129, whatever number the NPU has",
        "map the NPU's own render node to that name, or run on the node",
        "ran; istoreos/istoreos#2897",
        (Sign(r"some necessary files are missing in the container"),),
        _RUN,
    ),
    Rule(
        "container-without-store", "container", "a link into /nix/store leads nowhere inside the container",
        "the container has the link, and not the store path behind it",
        "mount the closure, not the link alone (CDI with exact store paths)",
        "ran",
        (Sign(r"(?s)Could not find libteflon\.so.*/run/opengl-driver\S* -> /nix/store/"),),
        ("library.*", *_RUN),
        certainty=LIKELY,
    ),
    Rule(
        "model-newer-than-runtime", "model", "`Invalid RKNN model version 6`",
        "the model was converted for a newer runtime than the node has",
        "a newer librknnrt.so, or convert with the runtime's own version",
        "airockchip/rknn-toolkit2#281; rockchip-linux/rknn-toolkit2#212",
        (Sign(r"Invalid RKNN model version|incompatible model version", ("inference.*",)),),
        ("inference.*",),
    ),
    Rule(
        "not-a-model", "model", "`invalid RKNN_MAGIC`",
        "the file is no .rknn model: an ONNX or .rkllm file, a Git LFS pointer, half a download",
        "head -c 4 FILE is RKNN; export it again",
        "airockchip/rknn-toolkit2#405",
        (Sign(r"invalid RKNN_MAGIC", ("inference.*",)),),
        ("inference.*",),
    ),
    Rule(
        "invalid-core-mask", "model", "`The core mode 5 is not supported`",
        "the core mask is none the driver knows",
        "0 (any), 1, 2, 4 (one core), 3 (two), 7 or 0xffff (all)",
        "ran",
        (Sign(r"core mode \w+ is not supported"),),
        ("inference.*",),
    ),
    Rule(
        "too-many-open-files", "model", "`errno: 24, errstr: Too many open files`",
        "the process ran into its limit of open files; each buffer of the NPU is one",
        "LimitNOFILE = 65536 of the unit",
        "airockchip/rknn-llm#62",
        (Sign(r"errno: 24|Too many open files"),),
        ("inference.*",),
    ),
    Rule(
        "output-wrong", "model", "every call succeeds, and the output is not the model's",
        "layout, type or normalisation of the input differ from the model's, or an error was swallowed on the way",
        "NHWC and the type of the conversion; then versions of converter, runtime and driver",
        "ran",
        (Sign(r"the output (is off|has values that are no numbers|has the shape)", ("inference.golden-output",)),),
        certainty=POSSIBLE,
    ),
    Rule(
        "silent-cpu-fallback", "speed", "it runs, as slow as the processor; no interrupts, the load file stays at 0%",
        "the processor computes: the NPU's provider or delegate was not loaded, and nobody said so",
        "assert the provider or delegate in the program; look at the load file while it runs",
        "immich-app/immich#30037",
        (
            Sign(
                r"it may be the processor that computes|the NPU was idle while|the processor computed it",
                ("inference.*",),
            ),
        ),
        certainty=LIKELY,
    ),
)  # fmt: skip
"""In the order of their layers, the more particular first."""
