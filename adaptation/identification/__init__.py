"""Which values of a domain's parameters make a simulated robot move as a real one did."""
