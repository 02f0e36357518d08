"""The shipped policies: a card beside each, how it got there, and whether it still says the truth."""
