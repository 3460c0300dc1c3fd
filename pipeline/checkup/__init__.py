"""What `doctor` looks at: what is installed, reachable, writable; what would stop a page tonight.

Looking changes nothing: no database is made or upgraded, nothing is sent. The one file written is
a trial in the data folder, which is removed at once.
"""
