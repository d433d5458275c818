# Processor types: width, byte order, family.
let
  cpu = family: bits: significantByte: { inherit family bits significantByte; };
  arm = cpu "arm";
in
{
  aarch64 = arm 64 "little" // { version = "8"; arch = "armv8-a"; };
  aarch64_be = arm 64 "big" // { version = "8"; arch = "armv8-a"; };
  arm = arm 32 "little";
  arm64 = arm 64 "little";
  arc = cpu "arc" 32 "little";
  armv5tel = arm 32 "little" // { version = "5"; arch = "armv5t"; };
  armv6l = arm 32 "little" // { version = "6"; arch = "armv6"; };
  armv7a = arm 32 "little" // { version = "7"; arch = "armv7-a"; };
  armv7l = arm 32 "little" // { version = "7"; arch = "armv7-a"; };
  avr = cpu "avr" 8 "little";
  i686 = cpu "x86" 32 "little" // { arch = "i686"; };
  i586 = cpu "x86" 32 "little" // { arch = "i586"; };
  i486 = cpu "x86" 32 "little" // { arch = "i486"; };
  i386 = cpu "x86" 32 "little" // { arch = "i386"; };
  x86_64 = cpu "x86" 64 "little" // { arch = "x86-64"; };
  js = cpu "javascript" 32 "little";
  javascript = cpu "javascript" 32 "little";
  loongarch64 = cpu "loongarch" 64 "little";
  m68k = cpu "m68k" 32 "big";
  microblaze = cpu "microblaze" 32 "big";
  microblazeel = cpu "microblaze" 32 "little";
  mips = cpu "mips" 32 "big";
  mipsel = cpu "mips" 32 "little";
  mips64 = cpu "mips" 64 "big";
  mips64el = cpu "mips" 64 "little";
  mmix = cpu "mmix" 64 "big";
  msp430 = cpu "msp430" 16 "little";
  or1k = cpu "or1k" 32 "big";
  powerpc = cpu "power" 32 "big";
  powerpcle = cpu "power" 32 "little";
  powerpc64 = cpu "power" 64 "big";
  powerpc64le = cpu "power" 64 "little";
  riscv32 = cpu "riscv" 32 "little";
  riscv64 = cpu "riscv" 64 "little";
  rx = cpu "rx" 32 "little";
  s390 = cpu "s390" 32 "big";
  s390x = cpu "s390" 64 "big";
  sh4 = cpu "sh" 32 "little";
  sparc = cpu "sparc" 32 "big";
  sparc64 = cpu "sparc" 64 "big";
  vc4 = cpu "vc4" 32 "little";
  wasm32 = cpu "wasm" 32 "little";
  wasm64 = cpu "wasm" 64 "little";
}
