"""`terrafirma evaluate`: one domain, curves over a parameter, or a matrix of policies and domains."""
