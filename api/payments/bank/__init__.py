"""Files that banks send and take: statements (camt.053, MT940) and payments (pain.001)."""
