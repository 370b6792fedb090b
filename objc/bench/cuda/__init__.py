"""What objc bench measures on a device: kernels of the target `cuda` against PyTorch, JAX and Liger."""
