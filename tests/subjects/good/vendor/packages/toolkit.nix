{
  lib,
  buildPythonPackage,
  fetchPypi,
  numpy,
  psutil,
  ruamel-yaml,
}:

buildPythonPackage rec {
  pname = "rknn-toolkit-lite2";
  version = "2.3.2";
  format = "wheel";

  src = fetchPypi {
    pname = "rknn_toolkit_lite2";
    inherit version format;
    dist = "cp312";
    python = "cp312";
    abi = "cp312";
    platform = "manylinux_2_17_aarch64.manylinux2014_aarch64";
    hash = "sha256-4eTsaR/tkAwOb95efY7roX+AaqRQkrY7Nh7ndeLBtQ4=";
  };

  dependencies = [
    numpy
    psutil
    ruamel-yaml
  ];

  pythonImportsCheck = [ "rknnlite.api" ];

  meta = {
    description = "The vendor's Python API for inference";
    license = lib.licenses.unfree;
    platforms = [ "aarch64-linux" ];
  };
}
