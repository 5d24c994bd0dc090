"""Dagster's history of runs in SQLite, with files that stay open between events.

Dagster's own storage opens and closes its files, and prepares every statement anew, for each of a night's many events:
15 of a small night's 75 CPU seconds. What is stored, and where, is the same, so either can read the other's.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as db
from dagster import EventLogEntry
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME

BUSY_SECONDS = 30  # how long to wait for somebody else's write


class RunHistory(SqliteEventLogStorage):
    """Dagster's own storage with one engine per file, until the history is disposed of."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        """Takes the folder of the history and what Dagster knows of the class."""
        self._engines: dict[str, db.Engine] = {}
        self._opening = threading.Lock()
        self._tables: set[str] = set()  # those that are there; none is ever dropped
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "RunHistory":
        """As Dagster makes it from `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """As Dagster's own; whoever watches a run watches its file, beside which an open one keeps newest events."""
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; asked before most events."""
        if table_name not in self._tables:
            with self._engine(INDEX_SHARD_NAME).connect() as connection:
                if not connection.dialect.has_table(connection, table_name):
                    return False
            self._tables.add(table_name)
        return True

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        with self._opening:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[db.Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> db.Engine:
        with self._opening:
            if shard not in self._engines:
                engine = db.create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": BUSY_SECONDS})
                db.event.listen(engine, "connect", _commit_without_waiting)
                self._engines[shard] = engine
            return self._engines[shard]


def _commit_without_waiting(connection: Any, _: Any) -> None:
    """A history that lacks a power cut's last events is whole; whether a night counts is said by the ledger's seal."""
    connection.execute("pragma synchronous = normal")
