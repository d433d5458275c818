"""What is known about RK3588 NPUs, as data: boards, stacks, kernels and their symbols, releases, messages, models."""
