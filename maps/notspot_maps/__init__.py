"""What it looks like: atlas, figures, tables, report."""
