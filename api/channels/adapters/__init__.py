"""The channels that there are. Another one is a class behind `port.Channel`, and a line here."""

from api.channels.adapters.alibaba import Alibaba
from api.channels.adapters.partner import Partner
from api.channels.adapters.port import Channel

_ALL: tuple[Channel, ...] = (Alibaba(), Partner())
CHANNELS: dict[str, Channel] = {each.name: each for each in _ALL}


def of(name: str) -> Channel:
    """The channel of a connection, which names none that is not there."""
    return CHANNELS[name]
