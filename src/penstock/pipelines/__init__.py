"""Stop 2: the order of all the rest; the record's states. Read service.py first."""
