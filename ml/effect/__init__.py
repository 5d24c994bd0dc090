"""Whom does a treatment change, by how much, and is choosing people worth it?"""
