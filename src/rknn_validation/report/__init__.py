"""Reports: the verdict on the terminal, JSON, JUnit XML and HTML."""
