"""A whole machine's configuration, made by hand: a vendor stack on a machine that does much else."""

from __future__ import annotations

from dataclasses import replace

import handmade

from rknn_validation.facts.nix.configuration import Account, Configuration, EtcFile

NGINX = handmade.package("nginx-1.28.0", "nginx", origin="nixpkgs")
OURS = frozenset({*handmade.vendor().units, "camera.service"})
"""The units that have to do with the NPU."""


def daemon(name: str, program: str, **more: object) -> handmade.Unit:
    start = f"{handmade.store(program)}/bin/{program}"
    return handmade.unit(f"{name}.service", service={"Type": "notify", "ExecStart": start, "User": name}, **more)


def server(without: tuple[str, ...] = ()) -> Configuration:
    """A vendor stack on a machine that does much else; `without` some of its units."""
    base = handmade.vendor()
    much = [daemon(f"service-{number}", f"program-{number}") for number in range(300)]
    camera = daemon("camera", "camera", environment={"LD_LIBRARY_PATH": f"{handmade.RUNTIME.out_path}/lib"})
    others = handmade.units(
        daemon("nginx", "nginx-1.28.0"),
        daemon("postgresql", "postgresql-17"),
        handmade.unit("network-addresses-eth0.service", script="ip addr add 10.0.0.2/24 dev eth0"),
        handmade.unit("systemd-networkd.service", service={"ExecStart": "/nix/store/x/bin/networkd"}),
        handmade.unit("nginx.socket", service={}),
        handmade.unit("backup.timer", service={}),
        *much,
    )
    files = {name: EtcFile(name, content, source, "0644", "root", "root") for name, content, source in (
        ("nginx/nginx.conf", "events {}", None),
        ("sysctl.d/60-nixos.conf", "net.ipv4.no_such_thing=1\n", None),
        ("X11", None, "/nix/store/x-X11"),
        ("cdi/npu.json", "{}", None),
        ("strange//name", "npu", None),
        ("npu.d", "npu", None),
        ("npu.d/more", "npu", None),
    )}  # fmt: skip
    accounts = {f"user{number}": Account(f"user{number}", ("wheel",), False) for number in range(600)}
    packages = tuple(handmade.package(f"program-{number}-1.0", seed="3", origin="nixpkgs") for number in range(600))
    units = {**base.units, "camera.service": camera, **others}
    return replace(
        base,
        units={name: unit for name, unit in units.items() if name not in without},
        etc={**base.etc, **files},
        tmpfiles=("d /var/lib/postgresql 0700 postgres", "L+ /usr/bin/bash - - - - /x", "d /run/npu 0755 root"),
        activation_scripts={"agenix": "/nix/store/x-age/bin/age -d", "npu": "echo npu"},
        users={**accounts, "postgres": Account("postgres", (), True, group="postgres")},
        groups={"postgres": Account("postgres", (), True, gid=71)},
        system_packages=(*base.system_packages, NGINX, *packages),
        udev_extra_rules='KERNEL=="sda", GROUP="nobody-declares-it"\n',
    )
