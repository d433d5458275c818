# The vendor stack on a board without the NPU: nothing is loaded or linked, no unit fails, and the journal says why.
{ nodeTest }:

nodeTest {
  name = "guard";
  scenario = "vendor";
  board = "raspberrypi-4-b";
}
