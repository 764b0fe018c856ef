"""Manifests: what was generated and what the lake must make of it."""
