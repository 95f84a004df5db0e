"""The one way to a Redis client: short time limits and few quick retries, so that no page waits for a bell."""

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from backend.config import Config
from backend.jobs import redis_server

CONNECT_SECONDS = 3.0
RETRIES = 3


def redis_url(config: Config) -> str:
    """LOCKSTEP_REDIS_URL, else the address of the embedded server in the data folder."""
    return config.redis_url or redis_server.url(config.data_dir)


def connect(config: Config) -> Redis:
    """A client for `redis_url(config)`; it connects with its first command."""
    return Redis.from_url(
        redis_url(config),
        socket_connect_timeout=CONNECT_SECONDS,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), RETRIES),
    )
