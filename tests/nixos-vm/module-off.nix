# The module disabled on a board with the NPU: it changes nothing.
{ nodeTest }:

nodeTest {
  name = "module-off";
  scenario = "disabled";
  board = "orangepi-5-plus";
}
