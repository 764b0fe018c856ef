"""HubSpot's contacts and companies."""
