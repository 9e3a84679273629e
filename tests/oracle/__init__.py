"""A slow, independent second opinion on every metric, in plain Python, sharing no code with the product."""
