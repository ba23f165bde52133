"""Where events go: a file of this machine or Google Pub/Sub, behind one port."""
