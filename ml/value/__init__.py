"""Customer lifetime value: what each customer will order and spend within a horizon, with an interval."""
