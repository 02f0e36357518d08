"""Many environments at once, for Stable-Baselines3: over processes here, or over Ray anywhere."""
