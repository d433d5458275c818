# Switched off on a board with the NPU: the module leaves no trace.
{ nodeTest }:

nodeTest {
  name = "module-off";
  scenario = "disabled";
  board = "orangepi-5-plus";
}
