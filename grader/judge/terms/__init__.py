"""The judge's words: what every wing speaks of. Imports nothing of the other wings."""
