# The vendor stack on the board: /dev/rknpu, and a runtime that C programs, services and the Python API find.
{ nodeTest }:

nodeTest {
  name = "library-path";
  scenario = "vendor";
  board = "orangepi-5-plus";
}
