from test_driver.logger import AbstractLogger
from test_driver.machine import NspawnMachine, QemuMachine
from test_driver.vlan import VLan

class Driver:
    tests: str
    vlans: list[VLan]
    machines_qemu: list[QemuMachine]
    machines_nspawn: list[NspawnMachine]
    global_timeout: int
    logger: AbstractLogger
