"""Any k of n shares of the ceremony open; fewer, changed or foreign ones never do."""

import base64
from datetime import timedelta
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.procurement.sealing import canonical, ceremony, keys, opening
from api.procurement.sealing.ceremony import Scope, Share, TenderKey
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.opening import Release
from api.procurement.sealing.problems import (
    CiphertextRefused,
    KeyNotRecovered,
    NotAHolder,
    ReleaseMismatch,
    ReleaseTooEarly,
    ShareAltered,
    ShareDuplicated,
    ShareOfOtherKey,
    SharesTooFew,
    TenderKeyInvalid,
)
from api.rules.sealing import EnvelopeKind
from tests.procurement.sealing.samples import (
    HOLDERS,
    IDENTITY,
    KEY,
    MEMBERS,
    OPENS_AT,
    SCOPE,
    THRESHOLD,
    session,
)

SHARES = [ceremony.own_share(each, KEY) for each in HOLDERS]
OTHER_KEY = ceremony.perform(SCOPE, THRESHOLD, MEMBERS)
OTHER_SHARES = [ceremony.own_share(each, OTHER_KEY) for each in HOLDERS]


@pytest.mark.parametrize("chosen", list(combinations(range(5), THRESHOLD)))
def test_any_three_of_five_give_the_key(chosen: tuple[int, ...]) -> None:
    for order in permutations(chosen):
        identity = opening.recover([SHARES[i] for i in order], KEY)
        assert identity.secret() == IDENTITY.secret()


def test_more_shares_than_needed_do_no_harm() -> None:
    assert opening.recover(SHARES, KEY).recipient == KEY.recipient


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_any_k_of_n_open_and_k_minus_one_never_do(data: st.DataObject) -> None:
    count = data.draw(st.integers(3, 16))
    threshold = data.draw(st.integers(2, count - 1))
    parts = ceremony.split(IDENTITY, threshold, count)
    chosen = data.draw(st.permutations(parts))

    assert ceremony.combine(chosen[:threshold]).secret() == IDENTITY.secret()
    with pytest.raises(KeyNotRecovered):
        ceremony.combine(chosen[: threshold - 1])


@pytest.mark.parametrize("count", range(THRESHOLD))
def test_fewer_shares_are_refused(count: int) -> None:
    for chosen in combinations(SHARES, count):
        with pytest.raises(SharesTooFew, match=f"3 shares are needed; {count} were given"):
            opening.recover(chosen, KEY)


def test_a_share_given_twice_is_refused() -> None:
    with pytest.raises(ShareDuplicated):
        opening.recover([SHARES[0], SHARES[1], SHARES[0]], KEY)


def test_a_share_of_another_ceremony_is_refused_and_its_holder_named() -> None:
    with pytest.raises(ShareOfOtherKey, match="holder 3"):
        opening.recover([*SHARES[:2], OTHER_SHARES[2]], KEY)


@pytest.mark.parametrize(
    "share",
    [
        SHARES[2].model_copy(update={"words": SHARES[3].words}),
        SHARES[2].model_copy(update={"words": "academic acid"}),
        SHARES[2].model_copy(update={"holder": 4}),
        SHARES[2].model_copy(update={"holder": 9}),
        OTHER_SHARES[2].model_copy(update={"recipient": KEY.recipient}),
    ],
    ids=["another's words", "no words", "another's number", "no number", "another key's words"],
)
def test_a_changed_share_is_refused(share: Share) -> None:
    with pytest.raises(ShareAltered):
        opening.recover([*SHARES[:2], share], KEY)


def test_a_key_of_which_the_ceremony_lied_is_not_recovered() -> None:
    lie = KEY.model_copy(
        update={
            "recipient": OTHER_KEY.recipient,
            "holders": [
                holder.model_copy(
                    update={
                        "share_sha256": share.model_copy(
                            update={"recipient": OTHER_KEY.recipient}
                        ).sha256()
                    }
                )
                for holder, share in zip(KEY.holders, SHARES, strict=True)
            ],
        }
    )
    shares = [share.model_copy(update={"recipient": OTHER_KEY.recipient}) for share in SHARES]

    with pytest.raises(KeyNotRecovered):
        opening.recover(shares, lie)


def test_every_holder_finds_its_own_share_and_a_stranger_none() -> None:
    assert [share.holder for share in SHARES] == [1, 2, 3, 4, 5]
    with pytest.raises(NotAHolder):
        ceremony.own_share(Identity.generate(), KEY)


def test_a_holder_sees_that_it_was_given_anothers_share() -> None:
    swapped = KEY.model_copy(
        update={
            "holders": [
                holder.model_copy(update={"recipient": other.recipient, "share": other.share})
                for holder, other in zip(KEY.holders, reversed(KEY.holders), strict=True)
            ]
        }
    )

    with pytest.raises(ShareAltered, match="another holder"):
        ceremony.own_share(HOLDERS[0], swapped)


def test_a_holder_sees_that_fewer_shares_open_than_the_document_says() -> None:
    lie = KEY.model_copy(update={"threshold": THRESHOLD + 1})

    with pytest.raises(ShareAltered, match="does not open with 4 shares"):
        ceremony.own_share(HOLDERS[0], lie)


def test_a_holder_sees_that_it_was_given_no_mnemonic() -> None:
    share = SHARES[0].model_copy(update={"words": "academic acid"})
    ciphertext = keys.encrypt(share.canonical(), [HOLDERS[0].recipient])
    holder = KEY.holders[0].model_copy(
        update={
            "share": base64.b64encode(ciphertext).decode(),
            "share_sha256": share.sha256(),
        }
    )

    with pytest.raises(ShareAltered, match="does not open"):
        ceremony.own_share(
            HOLDERS[0], KEY.model_copy(update={"holders": [holder, *KEY.holders[1:]]})
        )


def test_a_released_share_reaches_its_session() -> None:
    identity = Identity.generate()
    to = session(identity)

    shares = [
        opening.accept(identity, to, KEY, opening.release(each, KEY, to, now=OPENS_AT))
        for each in HOLDERS[:THRESHOLD]
    ]

    assert shares == SHARES[:THRESHOLD]
    assert opening.recover(shares, KEY).recipient == KEY.recipient


def test_a_holder_releases_nothing_before_the_time() -> None:
    early = OPENS_AT - timedelta(microseconds=1)

    with pytest.raises(ReleaseTooEarly):
        opening.release(HOLDERS[0], KEY, session(Identity.generate()), now=early)


def test_a_holder_releases_nothing_to_the_session_of_another_key() -> None:
    technical = Scope.model_validate(SCOPE.model_dump() | {"envelope": EnvelopeKind.TECHNICAL})
    other = ceremony.perform(technical, THRESHOLD, MEMBERS)

    with pytest.raises(ShareOfOtherKey):
        opening.release(HOLDERS[0], KEY, session(Identity.generate(), other), now=OPENS_AT)


def test_a_share_released_to_one_session_is_of_no_use_in_another() -> None:
    identity = Identity.generate()
    to = session(identity)
    released = opening.release(HOLDERS[0], KEY, to, now=OPENS_AT)

    with pytest.raises(CiphertextRefused):
        opening.accept(Identity.generate(), to, KEY, released)
    with pytest.raises(ReleaseMismatch, match="another session"):
        opening.accept(identity, to.model_copy(update={"id": "session-2"}), KEY, released)
    with pytest.raises(ReleaseMismatch, match="another published root"):
        opening.accept(identity, to.model_copy(update={"root": "0" * 64}), KEY, released)
    with pytest.raises(ShareOfOtherKey):
        opening.accept(identity, to, OTHER_KEY, released)


def test_a_release_is_read_strictly_and_its_share_checked() -> None:
    identity = Identity.generate()
    to = session(identity)
    altered = SHARES[0].model_copy(update={"words": SHARES[1].words})
    release = Release(session=to.id, root=to.root, share=altered)

    with pytest.raises(ShareAltered):
        opening.accept(identity, to, KEY, keys.encrypt(release.canonical(), [identity.recipient]))
    with pytest.raises(ReleaseMismatch, match="Not a released share"):
        opening.accept(identity, to, KEY, keys.encrypt(b"{}", [identity.recipient]))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"threshold": 1}, "alone"),
        ({"threshold": 5}, "as many openers"),
        ({"holders": KEY.model_dump()["holders"][:4]}, "auditor"),
        ({"holders": KEY.model_dump()["holders"][::-1]}, "numbered from 1"),
        ({"recipient": KEY.holders[0].recipient}, "its own"),
        ({"recipient": IDENTITY.reveal()}, "private key was given"),
        ({"recipient": KEY.recipient.upper()}, "#/recipient"),
        ({"opens_at": "2026-12-01T05:00:00Z"}, "#/opens_at"),
        ({"opens_at": "2026-13-01T05:00:00.000000Z"}, "#/opens_at"),
        ({"identity": "AGE"}, "#/identity"),
    ],
)
def test_the_document_of_a_ceremony_is_checked(changed: dict[str, object], said: str) -> None:
    text = canonical.dumps(KEY.model_dump(mode="json") | changed)

    with pytest.raises(TenderKeyInvalid, match=said) as refusal:
        TenderKey.read(text, refused=TenderKeyInvalid)

    assert IDENTITY.reveal() not in str(refusal.value)


def test_no_two_holders_have_one_key() -> None:
    twice = [*MEMBERS[:4], MEMBERS[4].model_copy(update={"recipient": MEMBERS[0].recipient})]

    with pytest.raises(TenderKeyInvalid, match="recipient of its own"):
        ceremony.perform(SCOPE, THRESHOLD, twice)


def test_the_fingerprint_covers_the_whole_document() -> None:
    assert TenderKey.read(KEY.canonical(), refused=TenderKeyInvalid).sha256() == KEY.sha256()
    assert KEY.model_copy(update={"threshold": 2}).sha256() != KEY.sha256()
    assert OTHER_KEY.sha256() != KEY.sha256()
