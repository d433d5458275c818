"""What a switch does with units, by the rules of switch-to-configuration; and what else it has to do."""

from __future__ import annotations

from dataclasses import replace

import handmade
import pytest
from test_activation import lay

from rknn_validation.machine.activation.switchplan import Handling, changed, plan, read_unit, removed

pytestmark = pytest.mark.unit

OLD = "[Unit]\nDescription=x\n[Service]\nExecStart=/a\n"


@pytest.mark.parametrize(
    ("new", "handling"),
    [
        (OLD, Handling.LEAVE),
        (OLD.replace("=x", "=y"), Handling.LEAVE),
        (OLD + "[Install]\nWantedBy=x\n", Handling.LEAVE),
        (OLD.replace("/a", "/b"), Handling.STOP_AND_START),
        (OLD + "Environment=A=b\n", Handling.STOP_AND_START),
        (OLD.replace("[Service]", "X-Restart-Triggers=/b\n[Service]"), Handling.STOP_AND_START),
        (OLD.replace("[Service]", "X-Reload-Triggers=/b\n[Service]"), Handling.RELOAD),
        (OLD.replace("/a", "/b") + "X-StopIfChanged=false\n", Handling.RESTART),
        (OLD.replace("/a", "/b") + "X-RestartIfChanged=false\n", Handling.SKIP),
        (OLD.replace("/a", "/b") + "X-ReloadIfChanged=true\n", Handling.RELOAD),
        (OLD.replace("/a", "/b").replace("[Service]", "RefuseManualStop=true\n[Service]"), Handling.SKIP),
        (OLD + "ExecStart=\nExecStart=/a\n", Handling.LEAVE),
    ],
)
def test_a_changed_service_is_handled_as_it_asks(new: str, handling: Handling) -> None:
    assert changed("x.service", read_unit(OLD), read_unit(new)) is handling


@pytest.mark.parametrize(
    ("name", "handling"),
    [("x.timer", Handling.RESTART), ("x.socket", Handling.LEAVE), ("multi-user.target", Handling.LEAVE)],
)
def test_only_services_are_stopped_first(name: str, handling: Handling) -> None:
    assert changed(name, read_unit("[Unit]\nA=b\n"), read_unit("[Unit]\nA=c\n")) is handling


def test_what_goes_is_stopped_unless_it_asks_to_stay() -> None:
    assert removed(read_unit(OLD)) is Handling.STOP
    assert removed(read_unit("[Unit]\nX-StopOnRemoval=false\n")) is Handling.LEAVE


def test_a_plan_leaves_out_kernel_modules_and_the_store() -> None:
    work = plan(lay(handmade.configuration()), lay(handmade.vendor()))
    assert not any("/modules/" in path for path in work.files if path.startswith("/usr/lib"))
    assert work.rules_changed
    assert not work.handled(*Handling)
    back = plan(lay(handmade.vendor()), lay(handmade.configuration()))
    assert not any(path.startswith(handmade.RUNTIME.out_path) for path in back.gone)
    assert "/etc/udev/rules.d/60-npu.rules" in back.gone
    assert "npu-runtime-link.service" in back.handled(Handling.STOP)
    assert "render" in work.accounts["/etc/group"]


def test_a_masked_unit_is_stopped_and_a_trigger_restarts() -> None:
    old = lay(handmade.configuration(units=handmade.units(handmade.GUARD)))
    masked = lay(handmade.configuration(units=handmade.units(replace(handmade.GUARD, enabled=False))))
    assert plan(old, masked).handled(Handling.STOP) == ("npu-guard.service",)
    triggered = replace(handmade.GUARD, restart_triggers=("/nix/store/x",))
    new = lay(handmade.configuration(units=handmade.units(triggered)))
    assert plan(old, new).handled(Handling.STOP_AND_START) == ("npu-guard.service",)


def test_another_kernel_is_another_path() -> None:
    one, same, other = (lay(each) for each in (handmade.vendor(), handmade.vendor(), handmade.mainline()))
    assert one.kernel == same.kernel != other.kernel
    assert (one.drivers, other.drivers) == (("rknpu",), ())
