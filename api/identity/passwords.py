"""Passwords of people: argon2id (RFC 9106), and which ones are too easily guessed.

The parameters are argon2-cffi's defaults, RFC 9106's second choice (64 MiB, 3 passes). What is
guessed first is told offline by zxcvbn, whose lists are of leaked passwords, names and words.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

MIN_LENGTH, MAX_LENGTH = 12, 128
MIN_SCORE = 3
"""Of zxcvbn: at least 10^8 guesses."""
_READ = 72
"""As much of a password as zxcvbn takes."""
_hasher = PasswordHasher()


def hash(password: str) -> str:
    """The argon2id hash that is stored, with its parameters and salt."""
    return _hasher.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """True for the right password. Without a stored hash it takes the same time and is False.

    Nobody's hash, too, is there before it is known whose password is asked about: the first one to
    ask a process tells nothing by having waited for it.
    """
    nobody = _nobody()
    try:
        _hasher.verify(stored or nobody, password)
    except VerificationError:
        return False
    return stored is not None


def is_stale(stored: str) -> bool:
    """True for a hash of weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def weakness(password: str, *known: str) -> str | None:
    """Why a password is refused, None for a good one; `known` (name, address) is guessed first."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
    from zxcvbn import zxcvbn  # it reads long lists

    found = zxcvbn(password[:_READ], user_inputs=[*known])
    return None if found["score"] >= MIN_SCORE else "is among those that are guessed first"


@cache
def _nobody() -> str:
    return _hasher.hash("nobody's")
