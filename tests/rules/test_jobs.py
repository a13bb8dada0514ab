from hypothesis import given
from hypothesis import strategies as st

from api.rules import jobs

jitter = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10_000), jitter)
def test_job_07_a_delay_is_drawn_from_nothing_to_twice_the_last_and_ten_minutes_at_most(
    attempts: int, share: float
) -> None:
    longest = jobs.retry_delay_seconds(attempts, jitter=1)
    assert longest == min(600, 2 ** min(attempts, 60))
    assert jobs.retry_delay_seconds(attempts, jitter=0) == 0
    assert 0 <= jobs.retry_delay_seconds(attempts, jitter=share) <= longest
    assert longest <= jobs.retry_delay_seconds(attempts + 1, jitter=1) <= 2 * longest
