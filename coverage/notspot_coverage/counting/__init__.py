"""Who is covered: services painted on a grid of land, people spread over it, counted by unit with bounds."""
