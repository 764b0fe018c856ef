"""Erasure of a person from the whole lake: `lake forget`. docs/privacy.md describes it."""
