"""The application as people meet it: a real installation, a real browser, nothing that goes wrong is let pass."""
