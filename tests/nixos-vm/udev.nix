# The mainline stack on the board: rocket's node /dev/accel/accel0 is there and, by udev's rules, the group's alone.
{ nodeTest }:

nodeTest {
  name = "udev";
  scenario = "mainline";
  board = "orangepi-5-plus";
}
