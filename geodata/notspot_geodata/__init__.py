"""What is there: reading, checking and normalising boundaries, people, sites and places."""
