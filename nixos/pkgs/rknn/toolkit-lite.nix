# rknn-toolkit-lite2, the vendor's Python inference API. Published as wheels for CPython 3.7 to 3.12 only.
{
  lib,
  buildPythonPackage,
  fetchPypi,
  python,
  numpy,
  psutil,
  ruamel-yaml,
}:

let
  # Wheel tag -> hash, each computed from the published wheel.
  wheels = {
    cp311 = "sha256-vadPEXnhX8y4cmBUokiYmCUieEtluzQLIBRpVdJU6AA=";
    cp312 = "sha256-4eTsaR/tkAwOb95efY7roX+AaqRQkrY7Nh7ndeLBtQ4=";
  };
  tag = "cp${lib.replaceStrings [ "." ] [ "" ] python.pythonVersion}";
in
buildPythonPackage rec {
  pname = "rknn-toolkit-lite2";
  version = "2.3.2";
  format = "wheel";
  disabled = !(wheels ? ${tag});

  src = fetchPypi {
    pname = "rknn_toolkit_lite2";
    inherit version format;
    dist = tag;
    python = tag;
    abi = tag;
    platform = "manylinux_2_17_aarch64.manylinux2014_aarch64";
    hash = wheels.${tag};
  };

  dependencies = [
    numpy
    psutil
    ruamel-yaml
  ];

  pythonImportsCheck = [ "rknnlite.api" ];

  meta = {
    description = "Python inference API of Rockchip's NPU";
    homepage = "https://github.com/airockchip/rknn-toolkit2/tree/master/rknn-toolkit-lite2";
    license = lib.licenses.unfree;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    platforms = [ "aarch64-linux" ];
  };
}
