"""Rules of the trade as pure Python: plain values in, plain values out; no database, request or clock."""
