"""Did the split into holdout and treated come out as stated, or did somebody get lost on the way?"""

from collections.abc import Sequence

from scipy.special import bdtr, bdtrc, chdtrc

from ml.errors import ContractError

ENOUGH_PER_ARM = 5.0  # expected units from which chi-square keeps its promise (Cochran 1954)


def sample_ratio_p(holdout_count: int, person_count: int, holdout_share: float) -> float | None:
    """Chance of a holdout at least this far off its share, if the assignment worked; None without people.

    Takes     holdout_count, person_count: people counted after the fact, both arms together;
              holdout_share: the share the experiment stated, in (0, 1).
    Returns   two-sided p-value in [0, 1]: twice the smaller tail of the exact binomial, at most 1.
    Raises    ContractError if the share is not inside (0, 1) or the counts contradict each other.
    Source    Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch; Clopper and Pearson (1934) for the
              doubled tail, which is exact at every size, where chi-square needs five people expected per arm.
    """
    if not 0.0 < holdout_share < 1.0:
        raise ContractError(
            f"holdout_share: expected a share inside (0, 1), got {holdout_share}. "
            "Correct the experiment's row in seeds/experiments.csv."
        )
    if not 0 <= holdout_count <= person_count:
        raise ContractError(
            f"sample ratio: expected 0 <= holdout <= people, got {holdout_count} of {person_count}. "
            "Count each person once."
        )
    if person_count == 0:
        return None
    at_most = float(bdtr(holdout_count, person_count, holdout_share))
    at_least = float(bdtrc(holdout_count - 1, person_count, holdout_share)) if holdout_count else 1.0
    return min(1.0, 2.0 * min(at_most, at_least))


def split_p(counts: Sequence[int], shares: Sequence[float]) -> float | None:
    """Chance of a split at least this uneven over several arms, if the assignment worked; None without units.

    Takes     counts: units per arm; shares: the stated shares, positive, adding up to 1, in the same order.
    Returns   p-value of Pearson's chi-square; with fewer than five units expected in some arm the smallest
              exact binomial p of any arm times the number of arms (two arms: the exact one itself), at most 1.
    Source    Pearson (1900); Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch.
    """
    total = sum(counts)
    if total == 0:
        return None
    expected = [share * total for share in shares]
    if min(expected) >= ENOUGH_PER_ARM:
        apart = sum((count - mean) ** 2 / mean for count, mean in zip(counts, expected, strict=True))
        return float(chdtrc(len(counts) - 1, apart))
    exact = [sample_ratio_p(count, total, share) or 0.0 for count, share in zip(counts, shares, strict=True)]
    return exact[0] if len(exact) == 2 else min(1.0, len(exact) * min(exact))
