"""A simulated Claude: the Messages API over HTTP in a process of its own, with faults on request.

It holds to what the API documents, not to what Penstock needs. Nothing here imports the vendor's library or Penstock.
"""
