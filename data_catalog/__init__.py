"""The catalog of the lake: a data dictionary, a page to browse and diagrams, built from contracts, transforms and queries."""
