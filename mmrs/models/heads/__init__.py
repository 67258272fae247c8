"""Heads that are built from a host's parts."""
