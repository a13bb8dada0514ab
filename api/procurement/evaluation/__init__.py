"""The evaluation file: written, read and recomputed. Neither a database nor a network is needed."""
