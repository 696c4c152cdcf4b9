"""Groups of run choices that every project finds through Hydra (pkg://microplex_spec.conf); its own conf/ comes first."""
