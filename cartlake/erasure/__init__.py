"""The erasure of a person: which columns name a person, and how one who was erased is recognised without a name."""
