"""The catalog: data dictionary, page to browse and diagrams, built from contracts, transforms and queries."""
