"""deskmeter: every customer-service metric from the raw history of a support desk."""
