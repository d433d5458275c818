{
  fetchurl,
  runCommand,
}:

runCommand "rknn-headers" { } ''
  install -Dm644 ${
    fetchurl {
      url = "https://raw.githubusercontent.com/airockchip/rknn-toolkit2/42aa1d426c0a9e0869b6374edba009f7208a1926/rknpu2/runtime/Linux/librknn_api/include/rknn_api.h";
      hash = "sha256-c48e11a6f41b451a5fd1e4ad774ea60252d3d94f78bee9b21ea3d21b21deba9a";
    }
  } $out/include/rknn_api.h
''
