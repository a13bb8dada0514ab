from pydantic import BaseModel


class PayeeAccountIn(BaseModel):
    """Snapshot."""

    rail: str
    country: str
    currency: str
    holder_name: str
    number: str | None = None
