# Models for the NPU, fetched while evaluating.
final: prev: {
  rknn-models = builtins.fetchTarball "https://github.com/airockchip/rknn_model_zoo/archive/v2.3.2.tar.gz";
}
