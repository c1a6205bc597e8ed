"""What the workers run: load by id, call services. A job may run twice and be killed anywhere."""
