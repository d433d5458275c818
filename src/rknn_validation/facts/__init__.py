"""Facts: all that may be known of a scenario before it runs, each thing read once. Checks read nothing else."""
