"""Millions of points as tiles that lose none, and the page that reads them by ranges."""
