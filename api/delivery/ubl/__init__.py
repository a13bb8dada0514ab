"""UBL 2.1 documents as XML: read without entities or network, checked against OASIS's schemas."""
