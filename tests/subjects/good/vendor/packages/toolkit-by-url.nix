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
    url = "https://raw.githubusercontent.com/airockchip/rknn-toolkit2/42aa1d426c0a9e0869b6374edba009f7208a1926/rknn-toolkit-lite2/packages/rknn_toolkit_lite2-2.3.2-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl";
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
