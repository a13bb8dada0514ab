"""How long who fails to log in waits, and how long what lets one in is good."""

from datetime import timedelta

FREE_OF_BOTH, FREE_OF_ONE = 5, 100
"""Failures that cost no wait: of one account from one address, and of either alone. NIST SP
800-63B section 5.2.2 allows at most 100 in a row on an account."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
INVITATION_LIFETIME = timedelta(hours=72)
RESET_LIFETIME = timedelta(hours=1)
CHALLENGE_LIFETIME = timedelta(minutes=5)
RECOVERY_CODES = 10


def wait_after(failures: int, free: int) -> timedelta:
    """How long after the last of `failures` in a row no attempt is looked at: nothing for fewer
    than `free`, then 30 seconds, twice as long with each one more, an hour at the longest."""
    if failures < free:
        return timedelta(0)
    doubled = FIRST_WAIT * (1 << min(failures - free, 10))
    return min(doubled, LONGEST_WAIT)
