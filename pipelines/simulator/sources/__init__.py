"""The retailer's systems: each module turns a day's facts into the files that its system exports."""
