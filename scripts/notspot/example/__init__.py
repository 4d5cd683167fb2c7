"""
An example study: every official indicator of 2021, worked out from synthetic files that are written anew.
"""
