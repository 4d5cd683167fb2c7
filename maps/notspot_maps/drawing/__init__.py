"""Drawings as SVG for a page: charts, the map of townships, their marks, and the sentences that say what they show."""
