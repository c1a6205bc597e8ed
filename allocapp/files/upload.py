"""A file from a person's computer: what kind it is by its content, whatever it is called, and then its rows."""

from __future__ import annotations

from typing import Final

from allocapp.files.table import FileTable, Refusal
from allocapp.files.text import read_csv
from allocapp.files.workbook import read_workbook

# 2,000 rows with everything a template has, several times over
LARGEST_UPLOAD: Final = 5 * 1024 * 1024  # bytes

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
# the container of Excel 97-2003 files, and of every encrypted workbook
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
# other kinds that begin like text: PDF, RTF, web pages and XML that Excel opens under the name .xls
_OTHER_KINDS: Final = (b"%PDF", b"{\\rtf", b"<")


def read_upload(content: bytes) -> FileTable | Refusal:
    """The rows of an XLSX or CSV file, or why there are none. Never raises for what the file contains."""
    if not content.strip():
        return Refusal.EMPTY
    if len(content) > LARGEST_UPLOAD:
        return Refusal.TOO_LARGE
    if content.startswith(_ZIP):
        return read_workbook(content)
    if content.startswith(_OLE):
        return Refusal.ENCRYPTED if _ENCRYPTED in content else Refusal.OLD_EXCEL
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_OTHER_KINDS):
        return Refusal.NOT_A_TABLE
    return read_csv(content)
