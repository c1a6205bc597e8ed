"""CSV, XLSX and pasted text ↔ plain rows, and templates out. Bytes in, values out; no database, no request."""
