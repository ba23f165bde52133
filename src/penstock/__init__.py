"""Penstock: one sentence in, a judged CI/CD pipeline out. Read pipelines/service.py first."""

__version__ = "0.1.0"
