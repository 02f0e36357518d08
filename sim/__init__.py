"""Simulated robots: engines, robots, tasks, domains and environments."""
