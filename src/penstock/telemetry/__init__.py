"""Logs, metrics and spans: one canonical line per request, one span per stage."""
