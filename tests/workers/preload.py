"""What every process of a fleet needs and what reads no setting: done once, then forked."""

import uvicorn  # noqa: F401
from celery.apps import worker  # noqa: F401
from celery.concurrency import prefork  # noqa: F401
from celery.worker.consumer import tasks  # noqa: F401
from kombu.transport import pyamqp, redis  # noqa: F401

import api.main  # noqa: F401
from api.matching import service as matching

matching.warm_up()
