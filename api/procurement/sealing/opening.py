"""The opening: shares are released to one session, and enough of them give the key."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from api.procurement.sealing import canonical, ceremony, keys
from api.procurement.sealing.ceremony import Share, TenderKey
from api.procurement.sealing.documents import Document, Kind, Name, Recipient, Sha256, instant
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import (
    KeyNotRecovered,
    ReleaseMismatch,
    ReleaseTooEarly,
    ShareDuplicated,
    ShareOfOtherKey,
    SharesTooFew,
)


class Session(Document):
    """One opening of one kind of envelopes: where shares go, and of which published root.

    `recipient` is a key made for this session alone.
    """

    format: Literal["kerben-opening-session/1"] = "kerben-opening-session/1"
    id: Name
    tender: Name
    envelope: Kind
    recipient: Recipient
    root: Sha256


class Release(Document):
    """A share on its way to a session: encrypted to the session's key."""

    format: Literal["kerben-share-release/1"] = "kerben-share-release/1"
    session: Name
    root: Sha256
    share: Share


def release(holder: Identity, key: TenderKey, session: Session, *, now: datetime) -> bytes:
    """The holder's share, encrypted to the session: an age file that only the session can read.

    Raises ReleaseTooEarly before the time that the key names, ShareOfOtherKey for a session of
    another key, or as `ceremony.own_share` does.
    """
    if instant(now) < key.opens_at:
        raise ReleaseTooEarly(f"Shares of this key are not released before {key.opens_at}")
    if (session.tender, session.envelope) != (key.tender, key.envelope):
        raise ShareOfOtherKey("The session opens another tender or another kind of envelope")
    share = ceremony.own_share(holder, key)
    released = Release(session=session.id, root=session.root, share=share)
    return keys.encrypt(released.canonical(), [session.recipient])


def accept(identity: Identity, session: Session, key: TenderKey, released: bytes) -> Share:
    """The share in an age file that was released to this session, checked by itself.

    Whoever handed it in must be the holder that `Share.holder` numbers: that is the caller's to
    check. Raises CiphertextRefused, ReleaseMismatch, ShareOfOtherKey or ShareAltered.
    """
    text = identity.decrypt(released)
    try:
        found = Release.model_validate(canonical.loads(text))
    except ValueError:
        found = None
    if found is None:
        raise ReleaseMismatch("Not a released share")
    if found.session != session.id:
        raise ReleaseMismatch("The share was released to another session")
    if found.root != session.root:
        raise ReleaseMismatch("The share was released for another published root")
    ceremony.check_share(found.share, key)
    return found.share


def recover(shares: Sequence[Share], key: TenderKey) -> Identity:
    """The private key of a tender, from as many shares as it needs, or more.

    Raises ShareOfOtherKey, ShareAltered, ShareDuplicated, SharesTooFew or KeyNotRecovered.
    """
    for share in shares:
        ceremony.check_share(share, key)
    given = [share.holder for share in shares]
    if len(set(given)) != len(given):
        raise ShareDuplicated
    if len(shares) < key.threshold:
        raise SharesTooFew(f"{key.threshold} shares are needed; {len(shares)} were given")
    identity = ceremony.combine([share.words for share in shares[: key.threshold]])
    if identity.recipient != key.recipient:
        raise KeyNotRecovered
    return identity
