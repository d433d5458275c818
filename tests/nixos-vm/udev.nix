# The mainline stack on the board: /dev/accel/accel0 exists, and the udev rules give only its group access.
{ nodeTest }:

nodeTest {
  name = "udev";
  scenario = "mainline";
  board = "orangepi-5-plus";
}
