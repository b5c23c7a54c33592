"""The checks, what they ask, what is decided, and how it is said."""
