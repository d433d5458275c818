"""The suites that judge a subject."""
