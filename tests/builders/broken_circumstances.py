"""Contacts that the moment forbids: an open complaint, an empty shelf; each must stop the release by its name."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from tests.builders.breaking import Break, more
from tests.builders.exports import NIGHT, World, count, log_file, ticket

SAID = date(2017, 12, 20)
ACCOUNT = "insert into identity.person_members values ('shopify:customer:7', '{}')"
FULL = [count(sku, 5) for sku in "1234"]


def shelves(**changed: int) -> Callable[[World], None]:
    """A full store, but for products by number with what is on hand."""
    return lambda world: world.counts.extend(count(row["sku"], changed.get(f"p{row['sku']}", 5)) for row in FULL)


def all_counts(**changes: object) -> Callable[[World], None]:
    """A full store, every count changed in the same way."""
    return lambda world: world.counts.extend(row | changes for row in FULL)


BROKEN_CIRCUMSTANCES = [
    Break(
        "a person who complained and waits",
        "complaints_left_alone",
        more("tickets", ticket("1", "open", SAID, requester_email=" P1@b.example")),
    ),
    Break(
        "a person whose account complained",
        "complaints_left_alone",
        more("tickets", ticket("1", "open", SAID, requester_external_id="7")),
        after=lambda night: night.in_warehouse(ACCOUNT.format("p1")),
    ),
    Break(
        "a complaint that was opened again",
        "complaints_left_alone",
        lambda world: world.tickets.extend(
            ticket("1", status, day, requester_email="p1@b.example")
            for status, day in (("solved", date(2017, 12, 19)), ("open", SAID))
        ),
    ),
    Break(
        "a complaint that was solved on the night's own day",
        "complaints_left_alone",
        lambda world: world.tickets.extend(
            [
                ticket("1", "open", SAID, requester_email="p1@b.example"),
                ticket("1", "solved", date(2017, 12, 25), requester_email="p1@b.example", known_date=NIGHT),
            ]
        ),
    ),
    Break(
        "a ticket of which nobody could tell the mood",
        "complaints_left_alone",
        more("tickets", ticket("1", "pending", SAID, requester_email="p1@b.example", sentiment=None)),
    ),
    Break(
        "a file of tickets that could not be read",
        "complaints_left_alone",
        more("loads", log_file("t.csv", SAID, refused=1, source="zendesk") | {"table_name": "tickets"}),
    ),
    Break("a department with an empty shelf", "department_in_stock", shelves(p3=0)),
    Break("a department that is sold out below zero", "department_in_stock", shelves(p3=-2)),
    Break("a department of which everything is promised", "department_in_stock", all_counts(reserved=5)),
    Break("a store that was not counted", "department_in_stock", all_counts(store_id="s2")),
    Break(
        "counts that are more than a week old",
        "department_in_stock",
        all_counts(snapshot_date=date(2017, 12, 18), known_date=date(2017, 12, 19)),
    ),
    Break(
        "a person of whom nobody knows where he shops",
        "department_in_stock",
        shelves(),
        after=lambda night: night.in_warehouse(
            "update marts.customer_360 set home_store_id = null where person_id = 'p3'"
        ),
    ),
]


def what_may_be(world: World) -> None:
    """Tickets and counts that forbid nothing, some of them just so."""
    world.tickets.extend(
        [
            ticket("1", "open", SAID, requester_email="p1@b.example"),
            ticket("1", "solved", date(2017, 12, 24), requester_email="p1@b.example"),  # and known before the night
            ticket("2", "open", SAID, requester_email="p3@b.example", sentiment=Decimal(0)),
            ticket("3", "open", SAID, requester_email="p6@b.example"),  # gets no marketing but service
            ticket("4", "open", SAID, requester_email="nobody@b.example"),
            ticket("5", "open", SAID, requester_email="p1@b.example", requester_external_id="7"),  # the account is p4's
            ticket("6", "open", date(2017, 12, 25), requester_email="p1@b.example", known_date=NIGHT),
        ]
    )
    of_tickets = {"table_name": "tickets"}
    world.loads.append(log_file("t.csv", SAID, refused=1, source="zendesk") | of_tickets)
    world.loads.append(log_file("t.csv", date(2017, 12, 21), source="zendesk") | of_tickets)  # delivered again
    world.counts.extend(row | {"snapshot_date": date(2017, 12, 19)} for row in FULL if row["sku"] != "2")
    world.counts.append(count("2", 0, date(2017, 12, 19)))  # half of the groceries is there
    world.counts.append(count("3", 0, date(2017, 12, 18)))
    world.counts.append(count("3", 0, date(2017, 12, 25), known_date=NIGHT))


OF_SOMEBODY_ELSE = ACCOUNT.format("p4")
