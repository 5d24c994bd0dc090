"""What a contact does to a person, as a stated function; the simulation and the truth both call it and nothing else."""

from dataclasses import dataclass, replace

import numpy as np

from pipelines.simulator.people import People
from pipelines.simulator.randomness import Floats
from pipelines.simulator.scenario import CHANNELS, CLASSES, Effects

PERSUADABLE, SLEEPING_DOG = CLASSES.index("persuadable"), CLASSES.index("sleeping_dog")
ANY_DEPARTMENT = -1
NEVER = -100_000  # a day before all days
LEAST_LIFT = -0.9


@dataclass(frozen=True, slots=True)
class Response:
    """The last delivered contact of each person and what is left of all of them; one row per person.

    A newer contact replaces an older one's effect and coupon; fatigue adds up.
    """

    started_day: np.ndarray
    trip_lift: Floats  # on the first day; falls to 0 over the response window
    need_lift: Floats  # for the named department
    department: np.ndarray  # ANY_DEPARTMENT: none named, a coupon is for the whole basket
    depth: Floats  # of the coupon; 0: none
    redeem_chance: Floats  # that the person uses the coupon when it applies; 0 or 1 once drawn, 0 once used
    fatigue: Floats  # 0..1 on fatigue_day
    fatigue_day: np.ndarray

    def take(self, rows: np.ndarray) -> "Response":
        """The rows of some people."""
        return Response(*(getattr(self, name)[rows] for name in self.__slots__))

    def put(self, rows: np.ndarray, other: "Response") -> "Response":
        """A copy in which some people's rows are replaced."""
        copy = self.take(np.arange(len(self.depth)))
        for name in self.__slots__:
            getattr(copy, name)[rows] = getattr(other, name)
        return copy


def no_response(people: int) -> Response:
    """Nobody was ever contacted."""
    never, zero = np.full(people, NEVER), np.zeros(people)
    anything = np.full(people, ANY_DEPARTMENT)
    return Response(never, zero, zero.copy(), anything, zero.copy(), zero.copy(), zero.copy(), never.copy())


def fatigue_on(response: Response, day: int, effects: Effects) -> Floats:
    """Fatigue, 0..1, after it has decayed until a day."""
    age = np.minimum(np.maximum(day - response.fatigue_day, 0), 10_000)
    return np.asarray(response.fatigue * 0.5 ** (age / effects.fatigue_half_life_days))


def remaining(response: Response, day: int, effects: Effects) -> Floats:
    """The share of a contact's effect that is left on a day: 1 on its first day, 0 after the window."""
    age = day - response.started_day
    inside = (age >= 0) & (age < effects.response_days)
    return np.where(inside, 1 - age / effects.response_days, 0.0)


def dropout_chance(people: People, rows: np.ndarray, response: Response, day: int, effects: Effects) -> Floats:
    """The chance of leaving the retailer for good on a day: fatigue raises it."""
    extra = effects.fatigue_dropout * fatigue_on(response, day, effects) if effects.is_on else 0.0
    return np.asarray(np.minimum(people.dropout_per_day[rows] * (1 + extra), 0.5))


def respond(
    people: People,
    rows: np.ndarray,
    before: Response,
    day: int,
    effects: Effects,
    *,
    channel: np.ndarray,
    depth: Floats,
    department: np.ndarray,
) -> Response:
    """The response of some people to a contact that is delivered to them on a day.

    Takes     before: their rows; channel: place in CHANNELS; depth: 0..1; department: number or ANY_DEPARTMENT.
    Returns   Response rows with the chance of redeeming not yet drawn.
    """
    tired = fatigue_on(before, day, effects)
    reached = people.responsiveness[rows, channel]
    lift = np.array([effects.channels[name].lift for name in CHANNELS])[channel] * reached
    offered = effects.offer_lift * depth * people.discount_sensitivity[rows]
    is_on = float(effects.is_on)
    kind = people.responder[rows]
    liked = (lift + offered) * (1 - tired)
    disliked = effects.sleeping_dog_lift * lift * (1 + tired)
    trip_lift = is_on * np.where(kind == PERSUADABLE, liked, np.where(kind == SLEEPING_DOG, disliked, 0.0))
    named = is_on * effects.category_lift * reached * (1 - tired)
    more = np.array([effects.channels[name].fatigue for name in CHANNELS])[channel] * people.fatigue_factor[rows]
    return replace(
        before,
        started_day=np.full(len(rows), day),
        trip_lift=np.maximum(trip_lift, LEAST_LIFT),
        need_lift=np.where((kind == PERSUADABLE) & (department != ANY_DEPARTMENT), named, 0.0),
        department=department.astype(np.int64),
        depth=depth.astype(np.float64),
        redeem_chance=np.where(
            depth > 0, np.minimum(effects.redemption * people.discount_sensitivity[rows], 0.95), 0.0
        ),
        fatigue=np.minimum(tired + more, 1.0),
        fatigue_day=np.full(len(rows), day),
    )
