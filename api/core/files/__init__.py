"""Files: bytes in an object store under random keys, what is known of them in rows."""
