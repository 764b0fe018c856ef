"""Rules of executions of state machines that need no server."""
