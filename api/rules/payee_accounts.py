"""What a number of a bank account looks like where there are no IBANs. Pure."""

import re

IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
KG = re.compile(r"\d{16}")
"""Kyrgyz accounts: 16 digits, of which three are the bank's code, three its branch's, the last two
a check (National Bank of the Kyrgyz Republic)."""
CN = re.compile(r"\d{8,30}")
CNAPS = re.compile(r"\d{12}")
"""The code of a bank's branch in China's payment system (CNAPS)."""
OTHER = re.compile(r"[A-Z0-9]{4,34}")
"""ISO 20022: an account that is no IBAN has up to 34 characters."""
WITHOUT_IBAN = frozenset({"KG", "CN", "US", "CA", "AU", "NZ", "JP", "KR", "IN", "HK", "SG", "UZ"})
"""Of the countries that trade here; elsewhere an IBAN is looked for first."""


def number_fault(country: str, number: str, bank_code: str | None) -> str | None:
    """What is wrong with an account's number and its bank's code; None when nothing is.

    Whether an IBAN's check digits are right is not looked at.
    """
    match country:
        case "KG":
            return None if KG.fullmatch(number) else "a Kyrgyz account has 16 digits"
        case "CN":
            if not CN.fullmatch(number):
                return "a Chinese account has 8 to 30 digits"
            if bank_code is None:
                return "a Chinese account needs the CNAPS code or the BIC of its bank"
            if bank_code.isdigit() and not CNAPS.fullmatch(bank_code):
                return "a CNAPS code has 12 digits"
            return None
        case _ if country in WITHOUT_IBAN:
            if bank_code is None:
                return "the BIC of the bank is needed"
            return None if OTHER.fullmatch(number) else "an account has 4 to 34 letters and digits"
        case _:
            return None if IBAN.fullmatch(number) else "an IBAN is needed"
