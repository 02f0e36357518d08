"""Pairs of Gymnasium environments whose dynamics differ, on which methods are judged."""
