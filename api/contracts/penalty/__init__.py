"""The file of liquidated damages: written, read and recomputed. Neither a database nor a network is
needed."""
