"""Measurements of the project against floors and peers; `terrafirma bench NAME`."""
