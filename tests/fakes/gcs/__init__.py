"""A simulated Google Cloud Storage: the XML API as obstore speaks it, with generations, preconditions and checksums.

What is simulated: PUT, GET, HEAD, DELETE of objects, list-type=2; nothing of multipart uploads, versions, access lists.
"""
