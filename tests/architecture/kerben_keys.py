"""What detect-secrets knows of keys that Kerben hands out itself (known_secrets.json names it)."""

import re

from detect_secrets.plugins.base import RegexBasedDetector


class KerbenKeyDetector(RegexBasedDetector):
    """API keys, tokens of sessions, and keys of webhooks, as long as real ones are."""

    secret_type = "Kerben Key"
    denylist = (
        re.compile(r"kg[pso]_(?:live|test)_[0-9A-Za-z]{22,}_?[0-9A-Za-z]*"),
        re.compile(r"whs(?:ec|k)_[0-9A-Za-z+/]{32,}={0,2}"),
        re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    )
