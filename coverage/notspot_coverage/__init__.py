"""What it means: rules, indicators, who is covered, how wide the divide is."""
