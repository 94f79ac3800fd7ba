"""The embedded, synthetic demo city."""
