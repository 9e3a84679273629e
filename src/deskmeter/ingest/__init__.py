"""The ingest layer; see docs/adr for the river's order."""
