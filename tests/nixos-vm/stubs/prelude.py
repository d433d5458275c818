# What the driver puts before a testScript to type check it: the names a script of one machine finds.
from collections.abc import Callable
from contextlib import AbstractContextManager

from test_driver.driver import Driver
from test_driver.logger import AbstractLogger
from test_driver.machine import NspawnMachine, QemuMachine
from test_driver.vlan import VLan

start_all: Callable[[], None]
subtest: Callable[[str], AbstractContextManager[None]]
test_script: Callable[[], None]
machines_qemu: list[QemuMachine]
machines_nspawn: list[NspawnMachine]
vlans: list[VLan]
driver: Driver
log: AbstractLogger
run_tests: Callable[[], None]
join_all: Callable[[], None]
serial_stdout_off: Callable[[], None]
serial_stdout_on: Callable[[], None]
machine: QemuMachine
