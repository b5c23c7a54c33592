"""Asking for a verdict, and the service that answers."""
