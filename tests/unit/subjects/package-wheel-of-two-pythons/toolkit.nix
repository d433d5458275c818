{
  lib,
  buildPythonPackage,
  fetchurl,
  numpy,
  psutil,
  ruamel-yaml,
}:

buildPythonPackage {
  pname = "rknn-toolkit-lite2";
  version = "2.3.2";
  format = "wheel";

  src = fetchurl {
    url = "https://github.com/airockchip/rknn-toolkit2/raw/v2.3.2/rknn-toolkit-lite2/packages/rknn_toolkit_lite2-2.3.2-cp312-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl";
    hash = "sha256-4eTsaR/tkAwOb95efY7roX+AaqRQkrY7Nh7ndeLBtQ4=";
  };

  dependencies = [
    numpy
    psutil
    ruamel-yaml
  ];

  meta = {
    license = lib.licenses.unfree;
    platforms = [ "aarch64-linux" ];
  };
}
