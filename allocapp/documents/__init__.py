"""Documents: a frozen snapshot becomes PDF bytes, then signed bytes, then a verdict.

Plain values come in and bytes go out: no database, no request. Each module stands for itself, so that reading a
verdict does not load the typesetter.
"""
