"""A retailer about whom everything is known: people who buy, answer contacts, and leave files as real systems do."""
