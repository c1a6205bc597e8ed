"""Use cases: one function for one intention of a person. They never commit and never see a request."""
