"""Settings of channels: what this installation is at the open platforms of marketplaces."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ChannelSettings(BaseSettings):
    """The app at Alibaba.com's open platform. Without key and secret the channel is not offered."""

    alibaba_url: str = Field(
        default="https://openapi-api.alibaba.com",
        pattern=r"^https?://[^\s#?]+$",
        description="The gateway; `/rest` and `/sync` are added.",
    )
    alibaba_authorise_url: str = Field(
        default="https://openapi-auth.alibaba.com/oauth/authorize",
        pattern=r"^https?://[^\s#?]+$",
        description="Where a seller agrees that the app acts for it.",
    )
    alibaba_app_key: str | None = Field(default=None, pattern=r"^[A-Za-z0-9]{1,40}$")
    alibaba_app_secret: SecretStr | None = Field(
        default=None, description="Signs every call; never logged."
    )
    feed_rebuild_seconds: int = Field(
        default=900,
        ge=1,
        le=86400,
        description="From the first change of goods to the build of the feeds that show them.",
    )
    feed_keep_builds: int = Field(
        default=10, ge=2, le=10_000, description="Documents of the newest builds that are kept."
    )
    channel_poll_seconds: int = Field(
        default=900, ge=60, le=86400, description="Between two looks for orders and inquiries."
    )
