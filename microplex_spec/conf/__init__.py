"""Groups of run choices, which each project finds through Hydra (pkg://microplex_spec.conf) after its own."""
