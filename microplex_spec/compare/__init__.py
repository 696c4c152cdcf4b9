"""Comparing: what two specs declare, what two runs gave, and which edit moved what."""
