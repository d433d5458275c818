"""What is judged: validation.yaml or the command line -> Subject, Scenario, nodes to ask."""
