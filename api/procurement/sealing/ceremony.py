"""The key of a tender's envelopes: made, shared among its holders and forgotten.

It is meant to run on the chair's own machine (`kerben opener ceremony`): the server gets only the
document, in which every share is encrypted to its holder.
"""

import base64
from collections.abc import Sequence
from typing import Literal, Self

import shamir_mnemonic
from pydantic import Field, model_validator

from api.procurement.sealing import canonical, keys
from api.procurement.sealing.documents import (
    Base64,
    Document,
    Instant,
    Kind,
    Name,
    Recipient,
    Sha256,
    unbase64,
)
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.problems import (
    KeyNotRecovered,
    NotAHolder,
    ShareAltered,
    ShareOfOtherKey,
    TenderKeyInvalid,
)
from api.rules.sealing import hidden_size, unfit_holders

_NO_PASSPHRASE = b""
_ITERATIONS = 0
"""SLIP-39 stretches a passphrase; there is none here, so the least work will do."""


class Scope(Document):
    """What a key is for. It opens nothing before `opens_at`, as far as its holders' tools go."""

    tender: Name
    envelope: Kind
    opens_at: Instant


class Member(Document):
    """One who is to hold a share."""

    name: Name
    role: Literal["opener", "auditor"]
    recipient: Recipient


class Holder(Member):
    """One who holds a share: encrypted to `recipient`, known by its hash."""

    number: int = Field(ge=1)
    share: Base64 = Field(max_length=16_000)
    share_sha256: Sha256


class Share(Document):
    """A holder's part of a private key, as SLIP-39 words."""

    format: Literal["kerben-key-share/1"] = "kerben-key-share/1"
    tender: Name
    envelope: Kind
    recipient: Recipient
    holder: int = Field(ge=1)
    words: str = Field(repr=False, max_length=1_000)


class TenderKey(Document):
    """What a ceremony leaves: the public key and the encrypted shares. All of it may be public.

    Its `sha256()` is the fingerprint that the holders compare with the published one.
    """

    format: Literal["kerben-tender-key/1"] = "kerben-tender-key/1"
    tender: Name
    envelope: Kind
    opens_at: Instant
    recipient: Recipient
    threshold: int
    holders: list[Holder]

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if problem := _unfit(self.threshold, self.holders):
            raise ValueError(problem)
        if [holder.number for holder in self.holders] != list(range(1, len(self.holders) + 1)):
            raise ValueError("holders must be numbered from 1 in order")
        for holder in self.holders:
            if holder.recipient == self.recipient:
                raise ValueError("no holder may have the key of the tender for its own")
            hidden_size(unbase64(holder.share))
        return self


def perform(scope: Scope, threshold: int, members: Sequence[Member]) -> TenderKey:
    """Make a key of which any `threshold` of `members` can open; nobody has it when this returns.

    Raises TenderKeyInvalid for members who cannot hold it so.
    """
    return share_out(Identity.generate(), scope, threshold, members)


def share_out(
    identity: Identity, scope: Scope, threshold: int, members: Sequence[Member]
) -> TenderKey:
    """The document of a ceremony for a key that is already there."""
    if problem := _unfit(threshold, members):
        raise TenderKeyInvalid(problem[0].upper() + problem[1:])
    parts = split(identity, threshold, len(members))
    for some in (parts[:threshold], parts[-threshold:]):
        if combine(some).recipient != identity.recipient:
            raise KeyNotRecovered
    holders = []
    for number, (member, words) in enumerate(zip(members, parts, strict=True), start=1):
        share = Share(
            tender=scope.tender,
            envelope=scope.envelope,
            recipient=identity.recipient,
            holder=number,
            words=words,
        )
        ciphertext = keys.encrypt(share.canonical(), [member.recipient])
        holders.append(
            Holder(
                **member.model_dump(),
                number=number,
                share=base64.b64encode(ciphertext).decode(),
                share_sha256=share.sha256(),
            )
        )
    return TenderKey(
        **scope.model_dump(), recipient=identity.recipient, threshold=threshold, holders=holders
    )


def split(identity: Identity, threshold: int, count: int) -> list[str]:
    """The private key as `count` SLIP-39 mnemonics, any `threshold` of which give it."""
    group = [(threshold, count)]
    [parts] = shamir_mnemonic.generate_mnemonics(
        1, group, identity.secret(), _NO_PASSPHRASE, iteration_exponent=_ITERATIONS
    )
    return list(parts)


def combine(parts: Sequence[str]) -> Identity:
    """The private key of exactly as many mnemonics as it needs. Raises KeyNotRecovered."""
    try:
        return Identity.from_secret(shamir_mnemonic.combine_mnemonics(parts, _NO_PASSPHRASE))
    except (shamir_mnemonic.MnemonicError, ValueError):
        pass
    raise KeyNotRecovered


def own_share(identity: Identity, key: TenderKey) -> Share:
    """The share of the holder who has `identity`.

    Raises NotAHolder, CiphertextRefused, ShareOfOtherKey or ShareAltered.
    """
    for holder in key.holders:
        if holder.recipient == identity.recipient:
            text = identity.decrypt(unbase64(holder.share))
            share = checked_share(text, key)
            if share.holder != holder.number:
                raise ShareAltered(f"{holder.name} was given the share of another holder")
            if _needed(share.words) != key.threshold:
                raise ShareAltered(f"The share does not open with {key.threshold} shares in all")
            return share
    raise NotAHolder


def checked_share(text: bytes, key: TenderKey) -> Share:
    """The share in a JSON text, if it is one that the ceremony of `key` gave out.

    Raises ShareOfOtherKey or ShareAltered.
    """
    try:
        share = Share.model_validate(canonical.loads(text))
    except ValueError:
        share = None
    if share is None:
        raise ShareAltered
    check_share(share, key)
    return share


def check_share(share: Share, key: TenderKey) -> None:
    """Raise ShareOfOtherKey or ShareAltered unless the ceremony of `key` gave this share out."""
    if (share.tender, share.envelope, share.recipient) != (
        key.tender,
        key.envelope,
        key.recipient,
    ):
        raise ShareOfOtherKey(f"The share of holder {share.holder} belongs to another key")
    known = {holder.number: holder.share_sha256 for holder in key.holders}
    if known.get(share.holder) != share.sha256():
        raise ShareAltered(f"The share of holder {share.holder} is not the one of the ceremony")


def _needed(words: str) -> int | None:
    """How many shares of its kind give the key, as a SLIP-39 mnemonic says; None if it is none."""
    try:
        share = shamir_mnemonic.Share.from_mnemonic(words)
    except shamir_mnemonic.MnemonicError:
        return None
    return int(share.member_threshold) if share.group_count == 1 else None


def _unfit(threshold: int, members: Sequence[Member]) -> str | None:
    roles = [member.role for member in members]
    if problem := unfit_holders(threshold, roles.count("opener"), roles.count("auditor")):
        return problem
    for attribute in ("name", "recipient"):
        if len({getattr(member, attribute) for member in members}) != len(members):
            return f"every holder must have a {attribute} of its own"
    return None
