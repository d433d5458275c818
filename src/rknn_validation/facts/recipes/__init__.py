"""How a subject's packages are made: their text, what they download, what their scripts leave behind."""
