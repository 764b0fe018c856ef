"""Files that vendors put on SFTP servers: each finished file is copied whole and once into the raw bucket.

A file that may still be written is not taken. What is on the server stays there: nothing is moved, renamed or deleted.
"""
