"""The file of a payment that became due: written, read and recomputed. Neither a database nor a
network is needed."""
