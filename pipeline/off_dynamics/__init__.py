"""The off-dynamics benchmark: every method on every pair, on one budget, resumable."""
