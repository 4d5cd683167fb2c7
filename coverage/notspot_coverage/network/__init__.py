"""A network of base stations: its antennas, its link budgets, and where it is heard."""
