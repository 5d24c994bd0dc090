"""A small made-up world of people, homes and slips of the keyboard; and what a guess about it is worth."""

from collections import Counter

import numpy as np
import polars as pl

from ml.identity.resolve import resolve_records
from ml.identity.roles import Role

COLUMNS = (
    "record_id", "given_name", "family_name", "birth_date", "street", "city", "postcode", "phone", "email",
    "loyalty_id",
)  # fmt: skip
ROLES = tuple(Role(name, name) for name in COLUMNS[1:])
NAMES = """
Agnes Albert Alice Amir Anna Arthur Astrid Bella Bruno Carla Carmen Cedric Chloe Clara Cyril Dagmar Daria Dennis Diego
Dora Edgar Elias Elsa Emil Erika Esther Felix Fiona Frida Gerald Gloria Greta Hanna Hector Helga Henrik Hugo Ida Igor
Ilse Imran Ines Iris Ivan Jasper Joan Jorge Julia Karim Karin Klaus Laila Lars Lena Leon Linda Louis Luca Mabel Magda
Marco Marta Milan Nadia Nora Olaf Olga Oscar Otto Paula Pedro Petra Quentin Rafael Rita Rosa Ruben Samir Selma Sofia
Sven Tanja Theo Tilda Ulrich Ursula Vera Viktor Wanda Werner Xenia Yusuf Zelda
Abel Bern Cros Dahl Eich Falk Grun Hart Isen Jans Kron Lind Mars Nord Oster Pohl Quar Rosen Stein Thor
berg dale feld gren hauer ings kamp low mann nova quist rup sen stad thal ton vik wald worth zic
Abbey Birch Canal Dover Elm Forge Grove Hill Iris Jetty Kiln Lake Mill North Orchard Park
"""
*_GIVEN_LINES, _STARTS, _ENDS, _STREETS = NAMES.strip().splitlines()
GIVEN, STARTS, ENDS, STREETS = (line.split() for line in (" ".join(_GIVEN_LINES), _STARTS, _ENDS, _STREETS))
CITIES = ("Ashby", "Brigton", "Colden", "Durley", "Exham", "Fenwick", "Garth", "Holme")
LETTERS = "abcdefghijklmnoprstuvw"


class World:
    """Records that are added one by one, and the true person of each."""

    def __init__(self, seed=5):
        self.rng = np.random.default_rng(seed)
        self.rows, self.truth, self.people = [], [], 0

    def one_of(self, values):
        return values[int(self.rng.integers(len(values)))]

    def digits(self, count):
        return "".join(map(str, self.rng.integers(0, 10, count)))

    def person(self, **known):
        """A new person, like anybody in what is not given."""
        town = int(self.rng.integers(len(CITIES)))
        given, family = self.one_of(GIVEN), self.one_of(STARTS) + self.one_of(ENDS)
        day = (int(self.rng.integers(low, high)) for low, high in ((1940, 2004), (1, 13), (1, 29)))
        drawn = {
            "given_name": given,
            "family_name": family,
            "birth_date": "{:04d}-{:02d}-{:02d}".format(*day),
            "street": f"{self.rng.integers(1, 90)} {self.one_of(STREETS)} Road",
            "city": CITIES[town],
            "postcode": f"{town + 1}{self.digits(3)}",
            "phone": "+44207" + self.digits(7),
            "email": f"{given}.{family}{self.digits(3)}@mail.example".lower(),
            "loyalty_id": "L" + self.digits(6),
        }
        return drawn | known

    def add(self, *records, loyal=0.3):
        """Records of one person under further record ids; a card was shown for the share `loyal` of them."""
        self.people += 1
        for record in records:
            card = record["loyalty_id"] if self.rng.random() < loyal else None
            self.rows.append({**record, "loyalty_id": card, "record_id": f"r{len(self.rows):05d}"})
            self.truth.append(self.people)
        return [row["record_id"] for row in self.rows[-len(records) :]]

    def mistaken(self, record, slips):
        """The record as somebody else typed it: wrong letters in some fields, others left empty."""
        fields = ("given_name", "family_name", "birth_date", "street", "city", "phone", "email")
        changed = dict(record)
        for name in self.rng.choice(fields, slips, replace=False):
            changed[name] = None if self.rng.random() < 0.3 else self.typo(record[name])
        return changed

    def typo(self, text):
        """One character written wrongly, left out, or changed with its neighbour."""
        place = int(self.rng.integers(1, len(text) - 1))
        other = self.digits(1) if text[place].isdigit() else self.one_of(LETTERS)
        kept = "" if self.rng.random() < 0.3 and not text[place].isdigit() else other
        turned = text[place + 1] + text[place]
        if self.rng.random() < 0.2:
            return text[:place] + turned + text[place + 2 :]
        return text[:place] + kept + text[place + 1 :]

    def frame(self):
        return pl.DataFrame(self.rows, schema=dict.fromkeys(COLUMNS, pl.String)).select(COLUMNS)

    def true_persons(self):
        return dict(zip((row["record_id"] for row in self.rows), self.truth, strict=True))


def usual_world(*, singles=120, families=30, slips=3, seed=5):
    """People with one to three records of up to `slips` slips each, and families of three under one roof."""
    world = World(seed)
    for _ in range(singles):
        world.add(*with_copies(world, world.person(), slips))
    for _ in range(families):
        parent = world.person()
        home = {name: parent[name] for name in ("family_name", "street", "city", "postcode", "phone")}
        for name in world.rng.choice(GIVEN, 3, replace=False):
            world.add(*with_copies(world, world.person(given_name=str(name), **home), slips))
    return world


def with_copies(world, person, slips):
    """Up to three records of one person, the first without a slip."""
    copies = int(world.rng.integers(0, 3))
    return [person, *(world.mistaken(person, int(world.rng.integers(0, slips + 1))) for _ in range(copies))]


def resolved(frame, roles=ROLES, *, seed=7, threads=1):
    """The engine's answer about records of `record_id` and the columns of the roles."""
    return resolve_records(frame, roles, id_column="record_id", seed=seed, threads=threads)


def persons_by_record(persons):
    return dict(persons.select("record_id", "person_id").iter_rows())


def pairs_within(persons):
    """How many pairs of records share a person."""
    return sum(size * (size - 1) // 2 for size in Counter(persons.values()).values())


def precision_and_f1(truth, found):
    """Over pairs of records inside persons.

    Takes     truth, found: record -> person, of the same records.
    """
    right = pairs_within({record: (truth[record], person) for record, person in found.items()})
    claimed, true = pairs_within(found), pairs_within(truth)
    return right / max(claimed, 1), 2 * right / max(claimed + true, 1)
