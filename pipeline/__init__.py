"""The command line, recipes, run directories and the report."""
