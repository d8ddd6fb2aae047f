"""Animal-welfare facility analytics: agency files in; a linked panel, statistics with their doubt, an account out."""
