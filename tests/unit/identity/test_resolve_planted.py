"""Planted truth: people, families and mistakes that were put into a table are found in it, and nobody else."""

import polars as pl
import pytest

from ml.identity.match.clustering import JOIN_FROM
from ml.identity.roles import Role
from tests.builders.people import GIVEN, World, persons_by_record, precision_and_f1, resolved, usual_world

HOME = ("family_name", "street", "city", "postcode", "phone")
NOTHING = {"phone": None, "email": None, "loyalty_id": None}


def connected(records, edges, at):
    """Persons as existing tools find them: whoever is reached over links of at least `at` bits."""
    person = {record: record for record in records}

    def root(record):
        while person[record] != record:
            record = person[record]
        return record

    for left, right, weight in edges.select("record_id_a", "record_id_b", "weight").iter_rows():
        if weight >= at:
            person[root(left)] = root(right)
    return {record: root(record) for record in records}


def plant(world):
    """Cases of every kind, a few of each; returns the records of each case by its name."""
    cases = {}
    for turn, (formal, short) in enumerate((("William", "Bill"), ("Robert", "Bob"), ("Elizabeth", "Betty"))):
        parent = world.person(birth_date=f"195{turn}-03-04", given_name=world.one_of(GIVEN), **NOTHING)
        home = {name: parent[name] for name in HOME}
        cases["twins", turn] = [
            world.add(world.person(given_name=name, birth_date=f"198{turn}-05-17", email=None, **home), loyal=0)
            for name in ("Gudrun", "Torsten")
        ]
        junior = {**parent, "birth_date": f"198{turn}-11-23", "phone": None}
        cases["father and son", turn] = [world.add(parent, parent, loyal=0), world.add(junior, junior, loyal=0)]
        one, other = world.person(given_name=formal, **NOTHING), world.person(**NOTHING)
        cases["nickname", turn] = world.add(one, {**one, "given_name": short}, loyal=0)
        given, family = other["given_name"], other["family_name"]
        cases["swapped", turn] = world.add(other, {**other, "given_name": family, "family_name": given}, loyal=0)
        date = world.person(birth_date=f"196{turn}-03-11", **NOTHING)
        cases["day and month", turn] = world.add(date, {**date, "birth_date": f"196{turn}-11-03"}, loyal=0)
        slip = world.person(birth_date=f"197{turn}-08-26", **NOTHING)
        cases["slip in date", turn] = world.add(slip, {**slip, "birth_date": f"197{turn}-08-25"}, loyal=0)
        card, moved = world.person(), world.person()
        married = {**moved, "given_name": card["given_name"], "loyalty_id": card["loyalty_id"], "birth_date": None}
        cases["one card", turn] = world.add(card, married, loyal=1)
        lent = world.person(birth_date=f"194{turn}-01-02")
        friend = world.person(loyalty_id=lent["loyalty_id"], birth_date=f"199{turn}-06-21")
        cases["lent card", turn] = [world.add(lent, loyal=1), world.add(friend, loyal=1)]
    junk = zip(("none@none.example", "noreply@mail.example"), ("0000000000", "123456789"), strict=True)
    cases["junk"] = [world.add(world.person(email=email, phone=phone)) for email, phone in junk for _ in range(6)]
    return cases


@pytest.fixture(scope="module")
def planted():
    """The world, its cases and the engine's answer."""
    world = usual_world(singles=60, families=15)
    cases = plant(world)
    return world, cases, resolved(world.frame())


@pytest.fixture(scope="module")
def rough():
    """Names, dates and addresses alone, up to five slips a record, two people of three living with relatives."""
    world = usual_world(singles=80, families=50, slips=5)
    names = ("given_name", "family_name", "birth_date", "street", "city", "phone")
    return world, resolved(world.frame(), tuple(Role(name, name) for name in names))


def of_kind(planted, kind):
    """Records and found persons of the cases of one kind."""
    _, cases, answer = planted
    persons = persons_by_record(answer.persons)
    chosen = [records for name, records in cases.items() if name[0] == kind]
    assert len(chosen) == 3
    return chosen, persons


def between(answer, left, right):
    """The links between two records, as (rule, verdict)."""
    pair = sorted((left, right))
    rows = answer.edges.select("record_id_a", "record_id_b", "rule", "verdict").iter_rows()
    return [row[2:] for row in rows if list(row[:2]) == pair]


def test_a_planted_world_is_recovered(planted):
    world, _, answer = planted
    precision, f1 = precision_and_f1(world.true_persons(), persons_by_record(answer.persons))
    assert precision >= 0.97
    assert f1 >= 0.97


def test_a_rough_world_is_recovered(rough):
    world, answer = rough
    precision, f1 = precision_and_f1(world.true_persons(), persons_by_record(answer.persons))
    assert precision >= 0.97
    assert f1 >= 0.9


def test_all_pairs_weighed_beat_the_best_links_chained(rough):
    world, answer = rough
    chained = connected(world.true_persons(), answer.edges, JOIN_FROM)
    f1 = precision_and_f1(world.true_persons(), persons_by_record(answer.persons))[1]
    assert f1 > precision_and_f1(world.true_persons(), chained)[1] + 0.02


def test_one_roof_is_not_one_person(rough):
    world, answer = rough
    persons = persons_by_record(answer.persons)
    first = {true: record for record, true in reversed(world.true_persons().items())}
    families = [[persons[first[true]] for true in range(start, start + 3)] for start in range(81, 231, 3)]
    assert sum(len(set(family)) < 3 for family in families) <= 1


@pytest.mark.parametrize("kind", ["nickname", "swapped", "day and month", "slip in date", "one card"])
def test_two_spellings_of_one_person_are_found(planted, kind):
    chosen, persons = of_kind(planted, kind)
    assert [persons[left] == persons[right] for left, right in chosen] == [True] * 3


@pytest.mark.parametrize("kind", ["twins", "father and son", "lent card"])
def test_two_people_who_share_much_stay_apart(planted, kind):
    chosen, persons = of_kind(planted, kind)
    for one, other in chosen:
        assert len({persons[record] for record in one}) == 1
        assert {persons[record] for record in one}.isdisjoint(persons[record] for record in other)


def test_a_card_links_two_accounts_by_its_rule(planted):
    for left, right in of_kind(planted, "one card")[0]:
        assert between(planted[2], left, right) == [("same_loyalty", "accepted")]


def test_a_card_in_contradicting_hands_links_nobody(planted):
    for (left,), (right,) in of_kind(planted, "lent card")[0]:
        assert between(planted[2], left, right) in ([], [("likely", "refused")])


def test_words_that_are_no_address_and_no_number_link_nobody(planted):
    _, cases, answer = planted
    persons = persons_by_record(answer.persons)
    assert len({persons[record] for (record,) in cases["junk"]}) == 12
    unusable = f"12 of {answer.persons.height} rows hold no usable value: taken as unknown."
    assert {f"email: {unusable}", f"phone: {unusable}"} <= set(answer.notes)


def test_a_thousand_people_on_one_address_are_nobody():
    world = World(seed=8)
    hole = [world.add(world.person(email="kiosk@shop.example"), loyal=0)[0] for _ in range(1_000)]
    for _ in range(30):
        person = world.person()
        world.add(person, world.mistaken(person, 1), loyal=0)
    names = ("given_name", "family_name", "birth_date", "street", "city", "phone", "email")
    roles = tuple(Role(name, name) for name in names)
    answer = resolved(world.frame(), roles)
    persons = persons_by_record(answer.persons)
    assert len({persons[record] for record in hole}) == 1_000
    assert answer.shared.select("role", "value", "record_count").rows() == [("email", "kiosk@shop.example", 1_000)]
    assert answer.report["shared_identifier_count"] == 1
    assert "1 identifiers on 1,000 records are shared by too many people: they link nobody." in answer.notes
    assert precision_and_f1(world.true_persons(), persons)[1] >= 0.95
    unknown = pl.when(pl.col("email") != "kiosk@shop.example").then("email")
    assert answer.persons.equals(resolved(world.frame().with_columns(unknown), roles).persons)
