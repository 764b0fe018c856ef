"""What a job needs of the engine that runs it, and the implementations: one package for each engine."""
