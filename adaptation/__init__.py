"""Closing the gap between a source and a target domain: one file per method."""
