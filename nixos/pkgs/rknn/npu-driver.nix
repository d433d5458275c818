# The Kubernetes node driver: DRA and device plugin.
{ lib, python3Packages }:

python3Packages.buildPythonApplication {
  pname = "rknn-npu-driver";
  version = "0.1.0";
  pyproject = true;
  src = ../../../kubernetes/npu-driver;

  build-system = [ python3Packages.setuptools ];
  dependencies = [
    python3Packages.grpcio
    python3Packages.protobuf
    python3Packages.pyyaml
  ];

  pythonImportsCheck = [ "rknn_npu_driver.__main__" ];

  meta = {
    description = "Kubernetes node driver for the RK3588 NPU";
    license = lib.licenses.mit;
    mainProgram = "rknn-npu-driver";
    platforms = lib.platforms.linux;
  };
}
