"""A simulated GitHub in a process of its own: the REST and GraphQL calls of a delivery, over real bare repositories.

Every object, ref and ancestry is git's own; what GitHub adds (tokens, permissions, protection, limits, messages) follows
its documents and recorded answers. Nothing here imports Penstock.
"""
