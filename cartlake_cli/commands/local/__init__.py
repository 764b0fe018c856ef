"""`lake up`, `lake down`, `lake logs` and `lake env`: the lake on this machine, on the embedded AWS."""
