"""Settings of retention: for how long is kept what nobody needs for ever."""

from pydantic import Field
from pydantic_settings import BaseSettings


class RetentionSettings(BaseSettings):
    """Days after which rows are deleted, by the relay's housekeeper or a daily job."""

    events_keep_days: int = Field(default=90, ge=30, description="How long `/v1/events` goes back.")
    webhook_content_days: int = Field(default=30, ge=1, description="Bodies and answers are kept.")
    webhook_log_days: int = Field(default=90, ge=1, description="Deliveries and attempts are kept.")
    intake_content_days: int = Field(
        default=365, ge=1, description="Bytes of messages that were worked so long ago are deleted."
    )
    job_retention_days: int = Field(
        default=90, ge=1, description="Jobs that were done so long ago are deleted."
    )
    outbox_keep_days: int = Field(
        default=30, ge=1, description="Events that were told so long ago are deleted."
    )
    deadline_keep_days: int = Field(
        default=90, ge=1, description="Deadlines that have fired so long ago are deleted."
    )
    session_keep_days: int = Field(
        default=30, ge=1, description="Logins, invitations and assertions that ended so long ago."
    )
    throttle_keep_days: int = Field(
        default=7, ge=1, description="Failed logins that were so long ago are forgotten."
    )
    audit_origin_keep_days: int = Field(
        default=365, ge=1, description="Addresses of requests that left audit entries are kept."
    )
    usage_keep_days: int = Field(
        default=365, ge=1, description="Uses of deprecated operations that were so long ago."
    )
