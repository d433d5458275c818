# The harness's own programs on a node: the agent that runs its commands, and the C client that checks start.
{ runCommandCC }:

{
  agent = runCommandCC "harness-agent" { } ''
    mkdir -p $out/bin
    $CC -O2 -Wall -o $out/bin/agent ${../guest/agent.c}
  '';

  # Without default libraries' directories, so that only LD_LIBRARY_PATH and its rpath (glibc's) count.
  client = runCommandCC "npu-client" { } ''
    mkdir -p $out/bin
    $CC -O2 -Wall -Wl,-z,nodefaultlib -o $out/bin/npu-client ${../guest/npu_client.c} -ldl
  '';
}
