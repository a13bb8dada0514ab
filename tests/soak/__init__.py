"""Many minutes of mixed load while processes are killed; `make soak` counts what is left of it."""
