"""Kerben: procurement and supplier matching between Kyrgyzstan and China.

What is imported stays and is no garbage; a collector that looked for it after every few thousand
objects, as it does by default, would take a third of the start of each process.
"""

import gc

gc.set_threshold(100_000, 20, 100)
