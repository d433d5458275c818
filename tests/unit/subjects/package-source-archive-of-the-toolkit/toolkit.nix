{
  lib,
  buildPythonPackage,
  fetchPypi,
  numpy,
  psutil,
  setuptools,
  ruamel-yaml,
}:

buildPythonPackage rec {
  pname = "rknn-toolkit-lite2";
  version = "2.3.2";
  pyproject = true;
  build-system = [ setuptools ];

  src = fetchPypi {
    pname = "rknn_toolkit_lite2";
    inherit version;
    hash = "sha256-9FLWQPj7uzVbOJOtZFXjJ+tCGM1mkZxhnSCE7XyB17k=";
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
