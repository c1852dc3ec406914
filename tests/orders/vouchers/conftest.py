"""Seeded randomness, as the proofs have it."""

from tests.proofs.conftest import rng

__all__ = ["rng"]
