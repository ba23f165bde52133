"""Where bytes are kept: local files or a bucket, behind one port."""
