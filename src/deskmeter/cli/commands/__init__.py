"""The commands layer; see docs/adr for the river's order."""
