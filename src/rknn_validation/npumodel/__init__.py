"""A model of the RK3588's NPU that serves an unmodified QEMU from outside, in Python and numpy.

The NPU's registers are guest RAM at their real addresses (QEMU's `virt` machine with `-m 3G`; Linux is kept below them
by `mem=512M`). The model maps that RAM, has QEMU's gdbstub stop the guest before each store to a register that starts
something, does the store itself, computes, and raises the NPU's own interrupt through qtest. The guest's clock stands
still meanwhile, so no time-out of a driver ever sees how slow numpy is.

`layers` computes what a core is told to; `commands` reads what it is told; `iommu` finds where its data is; `cores`
holds the registers; `link` and `memory` reach into QEMU; `process` runs it all beside one QEMU.

It agrees with what Mesa's and the vendor's compilers mean by their commands, and was never measured against silicon.
What it cannot compute it refuses (`CannotCompute`, naming the register): such a job never completes.
"""
