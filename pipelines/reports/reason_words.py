"""What each reason code means to a marketer."""

REASONS = {
    # why a candidate was blocked
    "not_applicable": "Does not fit this person",
    "treatment_not_valid": "Outside its dates",
    "no_consent": "No consent for channel and purpose",
    "open_complaint": "Waits for an answer to a complaint",
    "identity_uncertain": "Not sure enough who this is",
    "sensitive_category": "Sensitive category",
    "margin_floor": "Would fall below the margin floor",
    "bought_just_now": "Bought there in the last days",
    "out_of_stock": "Too little of it on the shelf",
    "universal_holdout": "Held out at random",
    "value_unknown": "Value unknown",
    "below_minimum_value": "Worth less than a contact must be",
    "contact_cap": "Contacted too often",
    "discount_ceiling": "Discount ceiling reached",
    # why a person gets what they get
    "chosen_best_value": "Best of what is allowed",
    "explored": "Drawn by lot among near-equal choices",
    "withheld": "Contact left out by lot, to measure it",
    "held_out": "Held out at random",
    "all_blocked": "Nothing is allowed",
    "nothing_pays": "Nothing is worth a contact",
    "limit_bound": "Shared limits are used up",
}


def reason_words(code: str) -> str:
    """A code in words; `contact_cap:email_10d` keeps the rule's own name behind it."""
    kind, _, rule = code.partition(":")
    text = REASONS.get(kind) or (kind[:1].upper() + kind[1:].replace("_", " "))
    return f"{text} ({rule.replace('_', ' ')})" if rule else text
