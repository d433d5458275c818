"""General helpers: errors, deadlines, processes, locks, files, the cache, YAML with line numbers."""
