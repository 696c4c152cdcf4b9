"""Build population microdata from a spec that a person edits."""
