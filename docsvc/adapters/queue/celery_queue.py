"""The Celery application: sending ids of documents, and the worker processes that take them up."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docsvc.domain.errors import QueueError, SetupError

if TYPE_CHECKING:
    from celery import Celery

QUEUE: Final = "documents"
TASK: Final = "docsvc.produce"
CONNECT_S: Final = 1.0  # each twice at most: a caller of ours waits while we ask
CONFIRM_S: Final = 2.0
HEARTBEAT_S: Final = 20
POLL_S: Final = 0.05  # of the folder
WARMING_S: Final = 240  # a worker process opens its office: the first start on a machine reads every font
TASKS_A_PROCESS: Final = 1000  # then a fresh one
DOCUMENT_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Work = Callable[[str], None]
Warn = Callable[[str], None]


class CeleryQueue:
    """Implements Queue, and runs workers.

    `url` is `amqp://…` or `redis://…`; None: files in `folder`. A message is a hint and holds an id, nothing else:
    there is no result backend, and what must not be lost is in the database. `redeliver_s`: after that time Redis
    gives an id that was not acknowledged to another worker; longer than any lease.
    """

    def __init__(self, url: str | None, folder: Path, redeliver_s: float) -> None:
        """Raises SetupError for a URL of another kind, and where the folder can't be made."""
        self._url, self._folder, self._redeliver_s = url, folder, redeliver_s
        self._scheme = url.partition(":")[0] if url else "folder"
        if self._scheme not in ("folder", "amqp", "amqps", "pyamqp", "redis", "rediss"):
            raise SetupError("不支持的消息代理地址；DOCSVC_BROKER_URL has to be amqp://… or redis://…")
        if not url:
            self._make_folder()
        self._lock = threading.Lock()
        self._made: Celery | None = None

    def send(self, document_id: str) -> None:
        """Raises QueueError where the broker did not confirm it, within some two seconds."""
        from kombu.exceptions import KombuError

        try:
            self._app.send_task(
                TASK,
                (document_id,),
                queue=QUEUE,
                ignore_result=True,
                confirm_timeout=CONFIRM_S,
                # Once more: a connection that lay idle may be found dead only now.
                retry=True,
                retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0},
            )
        except (KombuError, OSError, self._refusals) as e:
            raise QueueError("消息代理没有收下任务；the broker did not take the message") from e

    def waiting(self) -> int:
        """How many ids lie in the broker that no worker has taken. Raises QueueError where it is away."""
        from kombu.exceptions import ChannelError, KombuError

        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=CONNECT_S)
                return int(connection.default_channel.queue_declare(queue=QUEUE, passive=True).message_count)
        except ChannelError:
            return 0  # no queue: nothing was ever sent, or (Redis) all of it was taken
        except (KombuError, OSError, self._refusals) as e:
            raise QueueError("消息代理没有应答；the broker does not answer") from e

    def answers(self) -> bool:
        """Can the broker be reached?"""
        from kombu.exceptions import KombuError

        if self._url is None:
            return os.access(self._folder, os.R_OK | os.W_OK | os.X_OK)
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=CONFIRM_S)
        except (KombuError, OSError, self._refusals):
            return False
        return True

    def close(self) -> None:
        if self._made is not None:
            self._made.pool.force_close_all()  # Celery itself only forgets them
            self._made.close()
            self._made = None

    def consume(
        self, open_work: Callable[[], AbstractContextManager[Work]], processes: int, limit_s: int, warn: Warn
    ) -> int:
        """Take ids up until SIGTERM or SIGINT, then finish what is being worked on; the exit code.

        Each of the `processes` (forked) enters `open_work()` when it starts and leaves it at its end; what it
        yields is called with each id and must not raise. A process that is longer than `limit_s` at one is killed
        and replaced. Never returns because of a broker that is away.
        """
        from celery import signals

        app = self._app
        app.conf.update(
            worker_concurrency=processes,
            task_time_limit=limit_s,
            broker_heartbeat=HEARTBEAT_S,
            broker_transport_options=self._options(),
        )
        work = _Work(open_work, warn)
        parent = os.getpid()

        @app.task(  # type: ignore[untyped-decorator]  # Celery has no types
            name=TASK, acks_late=True, reject_on_worker_lost=True, ignore_result=True
        )
        def produce(document_id: object = None) -> None:
            if isinstance(document_id, str) and DOCUMENT_ID.fullmatch(document_id):
                work.do(document_id)
            else:
                warn("message_is_no_id")

        # Held by name: Celery keeps weak references alone.
        def opened(**_: object) -> None:
            # Celery lets its processes end with their parent, but one may be forked in the parent's last moment.
            if os.getppid() != parent:
                os._exit(1)
            work.open()

        def closed(**_: object) -> None:
            work.close()

        signals.worker_process_init.connect(opened)
        signals.worker_process_shutdown.connect(closed)
        signals.setup_logging.connect(_no_logging)  # ours is set up already
        worker = app.WorkController(
            hostname=f"docsvc-{os.getpid()}@{socket.gethostname()}",
            pool_cls="prefork",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        worker.start()
        return int(worker.exitcode or 0)

    @property
    def _app(self) -> Celery:
        with self._lock:
            if self._made is None:
                self._made = self._make_app()
            return self._made

    def _make_app(self) -> Celery:
        import kombu.transport
        from celery import Celery
        from kombu.entity import Exchange, Queue

        kombu.transport.TRANSPORT_ALIASES["folder"] = "docsvc.adapters.queue.folder:Transport"
        amqp = self._scheme not in ("folder", "redis", "rediss")
        app = Celery("docsvc", broker=self._url or "folder://", set_as_current=False)
        app.conf.update(
            # RabbitMQ's default exchange, so that there is nothing to bind. Quorum queues outlive a node.
            task_queues=[
                Queue(
                    QUEUE,
                    Exchange(""),
                    routing_key=QUEUE,
                    queue_arguments={"x-queue-type": "quorum"} if amqp else None,
                )
            ],
            task_default_queue=QUEUE,
            task_default_exchange="",
            task_default_routing_key=QUEUE,
            task_create_missing_queues=False,
            accept_content=["json"],
            task_serializer="json",
            enable_utc=True,
            broker_transport_options={**self._options(), **self._impatience()},
            broker_connection_timeout=CONNECT_S,
            broker_connection_retry_on_startup=True,
            broker_connection_max_retries=None,
            broker_heartbeat=0,
            task_acks_late=True,
            task_reject_on_worker_lost=True,
            worker_prefetch_multiplier=1,
            worker_cancel_long_running_tasks_on_connection_loss=False,
            worker_max_tasks_per_child=TASKS_A_PROCESS,
            worker_proc_alive_timeout=WARMING_S,
            worker_enable_remote_control=False,
            worker_send_task_events=False,
            worker_hijack_root_logger=False,
            worker_consumer=_consumer() if amqp else "celery.worker.consumer:Consumer",
        )
        return app

    def _options(self) -> dict[str, Any]:
        match self._scheme:
            case "folder":
                folder = str(self._folder)
                return {"data_folder_in": folder, "data_folder_out": folder, "polling_interval": POLL_S}
            case "redis" | "rediss":
                return {"visibility_timeout": self._redeliver_s, "socket_connect_timeout": CONNECT_S}
            case _:
                return {"confirm_publish": True}

    def _impatience(self) -> dict[str, Any]:
        """For whoever only sends; a worker waits for its broker for ever."""
        match self._scheme:
            case "folder":
                return {}
            case "redis" | "rediss":
                return {"socket_timeout": CONFIRM_S, "max_retries": 1}
            case _:
                return {"read_timeout": CONFIRM_S, "write_timeout": CONFIRM_S, "max_retries": 1}

    @property
    def _refusals(self) -> type[Exception]:
        """What the driver itself raises beside OSError."""
        if self._scheme.startswith("redis"):
            from redis import RedisError

            return RedisError
        from amqp import AMQPError

        return AMQPError  # type: ignore[no-any-return]  # amqp has no types

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as e:
            raise SetupError(f"消息目录无法建立；the folder of messages can't be made: {e.strerror}") from e


class _Work:
    """What one worker process keeps open between documents."""

    def __init__(self, open_work: Callable[[], AbstractContextManager[Work]], warn: Warn) -> None:
        self._open_work, self._warn = open_work, warn
        self._closing = contextlib.ExitStack()
        self._work: Work | None = None

    def open(self) -> Work | None:
        if self._work is None:
            try:
                self._work = self._closing.enter_context(self._open_work())
            except Exception:  # noqa: BLE001 - whatever it is: the next id tries again
                self._warn("worker_cannot_work")
        return self._work

    def do(self, document_id: str) -> None:
        if work := self.open():
            work(document_id)

    def close(self) -> None:
        self._work = None
        self._closing.close()


def _stop(_number: int, _frame: object) -> None:
    from celery.worker import state

    state.should_stop = 0


def _no_logging(**_: object) -> None:
    return


def _consumer() -> type[Any]:
    from celery.worker.consumer import Consumer

    class PlainConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
        """Without the 28 exchanges and queues that Celery declares for delayed messages: delays are ours."""

        class Blueprint(Consumer.Blueprint):  # type: ignore[misc]  # the same
            default_steps = tuple(s for s in Consumer.Blueprint.default_steps if "DelayedDelivery" not in str(s))

    return PlainConsumer
