"""What can go wrong, in four kinds; every message says where, what was expected, what was found, what to do."""


class NightmarketError(Exception):
    """Base of every error that a user can act on; the command line prints it without a traceback."""


class ContractError(NightmarketError):
    """The input is not what it must be."""


class InsufficientDataError(NightmarketError):
    """There is no honest answer with the rows given."""


class GuardrailError(NightmarketError):
    """A decision or a file would break a rule; nothing is released."""
