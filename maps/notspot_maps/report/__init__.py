"""The report page: its parts, its sentences, its fixed words."""
