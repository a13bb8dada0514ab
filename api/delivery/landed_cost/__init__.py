"""The file of a landed cost: written, read and recomputed. Neither a database nor a network is
needed."""
