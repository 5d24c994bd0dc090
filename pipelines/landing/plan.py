"""Which loads of a table stand together in one bronze file: said by the deliveries alone, before any is read."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.landing.deliveries import Delivery

FILES_PER_BATCH = 200  # planning a dozen wide statements costs as much as judging some 10,000 rows
BYTES_PER_BATCH = 32 << 20  # as delivered; a larger file is a batch of its own


@dataclass(frozen=True, slots=True)
class Load:
    """A delivered file on its way into bronze."""

    delivery: Delivery
    load_id: str
    twin: str | None  # the file with the same content of the same day that comes before it
    inputs: str  # fingerprint of everything that its outcome follows from


@dataclass(frozen=True, slots=True)
class Batch:
    """Loads of one night that follow each other."""

    loads: tuple[Load, ...]

    @property
    def name(self) -> str:
        """Of its files: the first load's."""
        return self.loads[0].load_id

    @property
    def inputs(self) -> str:
        """Fingerprint of everything that the outcomes of all its loads follow from."""
        return self.loads[-1].inputs


def plan_batches(deliveries: Sequence[Delivery], label: str) -> list[Batch]:
    """The batches of a table, in load order.

    Takes     deliveries: the table's, in the order in which loads follow each other; label: of its contract.
    Returns   batches of one night each, of up to FILES_PER_BATCH files and BYTES_PER_BATCH, each as full as may be:
              those of a night do not depend on other nights, so bronze that is made anew is cut as it was before.
    """
    batches: list[list[Load]] = []
    room = 0
    for load in _loads(deliveries, label):
        last = batches[-1] if batches else []
        is_same_night = bool(last) and last[0].delivery.as_of_date == load.delivery.as_of_date
        if is_same_night and len(last) < FILES_PER_BATCH and load.delivery.byte_count <= room:
            last.append(load)
        else:
            batches.append([load])
            room = BYTES_PER_BATCH
        room -= load.delivery.byte_count
    return [Batch(tuple(loads)) for loads in batches]


def _loads(deliveries: Sequence[Delivery], label: str) -> list[Load]:
    """Each with the fingerprint of itself and all loads before it."""
    first_with: dict[str, str] = {}
    chain, loads = label, []
    for delivery in deliveries:
        plain_id = delivery.load_id(copy=False)
        twin = first_with.get(plain_id)
        first_with.setdefault(plain_id, delivery.file)
        load_id = delivery.load_id(copy=twin is not None)
        parts = [chain, label, load_id, delivery.file, delivery.known_date.isoformat()]
        chain = hashlib.sha256("|".join(parts).encode()).hexdigest()
        loads.append(Load(delivery, load_id, twin, chain))
    return loads
