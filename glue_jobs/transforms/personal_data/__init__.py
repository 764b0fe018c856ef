"""Personal data in free text, found and masked."""
