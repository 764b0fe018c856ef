"""The interface a job needs of the engine that runs it, and its implementations: one package for each engine."""
