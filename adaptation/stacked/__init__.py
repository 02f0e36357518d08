"""Learning with several seeds at once: every tensor's first axis is the seed, and seeds never meet."""
