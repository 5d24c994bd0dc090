"""By how much does an arm differ from the control, in the metric's unit and in per cent of the control?"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri_exp, stdtr, stdtrit

from ml.errors import InsufficientDataError
from ml.measurement.moments import Array, Moments, as_ratios, merge, sandwich
from ml.measurement.welch import standard_error


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm against the control: both values, the error of their difference, and what a ratio of them needs."""

    control: float
    arm: float
    error: float  # standard error of arm - control; 0: nobody varies
    freedom: float
    control_variance: float  # of the control's value
    arm_variance: float
    covariance: float  # between both values: they share an adjustment, or clusters

    @property
    def estimate(self) -> float:
        """Arm minus control."""
        return self.arm - self.control


@dataclass(frozen=True, slots=True)
class Lift:
    """Relative lift and its interval; None where the control's value is not clearly different from 0."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


def compare_means(control: Moments, arm: Moments) -> Comparison:
    """Welch's comparison; with covariates after the metric, CUPED's.

    The values are adjusted to the covariates' mean over both arms, with coefficients from both arms together;
    without covariates nothing is adjusted.

    Takes     control, arm: at least two units each; metric first, covariates after it.
    Source    Deng, Xu, Kohavi, Walker (2013), Improving the Sensitivity of Online Controlled Experiments by
              Utilizing Pre-Experiment Data (CUPED), section 3.
    """
    theta = _coefficients(merge(control, arm))
    of_control, of_arm = arm.count / (control.count + arm.count), control.count / (control.count + arm.count)
    apart = float((theta * (arm.means[1:] - control.means[1:])).sum())
    # rows: the adjusted value of the control, that of the arm, their difference - each as a sum over both samples
    in_control = np.array([[1.0, *(-of_control * theta)], [0.0, *(of_arm * theta)], [-1.0, *theta]])
    in_arm = np.array([[0.0, *(of_control * theta)], [1.0, *(-of_arm * theta)], [1.0, *-theta]])
    of_controls = sandwich(in_control, control.covariance) / control.count
    of_arms = sandwich(in_arm, arm.covariance) / arm.count
    error, freedom = standard_error(
        [(max(0.0, float(of_arms[2, 2])), arm.count - 1), (max(0.0, float(of_controls[2, 2])), control.count - 1)]
    )
    both = of_controls + of_arms
    return Comparison(
        control=control.value + of_control * apart,
        arm=arm.value - of_arm * apart,
        error=error,
        freedom=freedom,
        control_variance=float(both[0, 0]),
        arm_variance=float(both[1, 1]),
        covariance=float(both[0, 1]),
    )


def compare_ratios(control: Moments, arm: Moments) -> Comparison:
    """The same for ratios of means: numerator and denominator of the metric, then of each covariate.

    Raises    InsufficientDataError if a denominator adds up to 0: there is no ratio.
    """
    for name, sample in (("control", control), ("other", arm)):
        _require_denominators(sample, name)
    return compare_means(as_ratios(control), as_ratios(arm))


def compare_shared(clusters: Moments) -> Comparison:
    """Two ratios measured on the same clusters: numerator and denominator of the control, then of the arm.

    For clusters whose members are in both arms, so that the arms are not independent.
    """
    _require_denominators(clusters, "shared")
    ratios = as_ratios(clusters)
    spread = ratios.covariance / clusters.count
    variance = max(0.0, float(spread[0, 0] + spread[1, 1] - 2.0 * spread[0, 1]))
    return Comparison(
        control=float(ratios.means[0]),
        arm=float(ratios.means[1]),
        error=math.sqrt(variance),
        freedom=float(clusters.count - 1),
        control_variance=float(spread[0, 0]),
        arm_variance=float(spread[1, 1]),
        covariance=float(spread[0, 1]),
    )


def relative_lift(seen: Comparison, multiplier: float) -> Lift:
    """Arm over control minus 1, with its interval for a control that is itself only measured.

    The interval excludes 0 exactly when the difference's interval of the same multiplier does. Without a finite
    interval (the control's own value may be 0) only the ratio itself is told, and only for a positive control.

    Source    Fieller (1954), Some problems in interval estimation, JRSS B 16.
    """
    if seen.control <= 0.0:
        return Lift()
    value = seen.arm / seen.control - 1.0
    square = multiplier**2
    a = seen.control**2 - square * seen.control_variance
    b = seen.arm * seen.control - square * seen.covariance
    c = seen.arm**2 - square * seen.arm_variance
    root = b * b - a * c
    if not math.isfinite(multiplier) or a <= 0.0 or root < 0.0:
        return Lift(value)
    return Lift(value, (b - math.sqrt(root)) / a - 1.0, (b + math.sqrt(root)) / a - 1.0)


def as_normal(seen: Comparison) -> float:
    """The difference in standard errors, as far out on the normal curve as it is on Student's."""
    tail = float(stdtr(seen.freedom, -abs(seen.estimate) / seen.error))
    return -float(ndtri_exp(math.log(tail))) if tail > 0.0 else 40.0


def as_student(multiplier: float, freedom: float) -> float:
    """The multiplier of Student's t that leaves the same tail as one of the normal curve."""
    tail = float(ndtr(-multiplier))
    return -float(stdtrit(freedom, tail)) if tail > 0.0 else math.inf


def _require_denominators(sample: Moments, name: str) -> None:
    if bool((sample.means[1::2] == 0.0).any()):
        raise InsufficientDataError(
            f"ratio: expected denominators that do not add up to 0, got a sum of 0 in the {name} arm "
            f"({sample.count} units). Choose a denominator that everybody can have."
        )


def _coefficients(both: Moments) -> Array:
    """Least-squares slopes of the metric on the covariates; 0 for a covariate that does not vary."""
    slopes = np.zeros(len(both.means) - 1)
    spread = np.sqrt(np.diag(both.covariance)[1:])
    kept = np.flatnonzero(spread > 0.0)
    if len(kept):
        scaled = both.covariance[1:, 1:][np.ix_(kept, kept)] / np.multiply.outer(spread[kept], spread[kept])
        with_metric = both.covariance[1:, 0][kept] / spread[kept]
        slopes[kept] = np.linalg.lstsq(scaled, with_metric, rcond=1e-12)[0] / spread[kept]
    return slopes
