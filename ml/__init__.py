"""The engines: identity, value, effect, decision, measurement. Arrays and frames in and out, no files of a retailer."""

import os

# Threads of XGBoost that wait for each other sleep. By default they spin, and where other work wants the cores a fit
# takes twenty times as long. Read once, when the first library with OpenMP is loaded; a policy that was set stays.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
