"""Stop 4: which skills fit; loading, versions, digests."""
