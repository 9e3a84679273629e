"""The stats layer; see docs/adr for the river's order."""
