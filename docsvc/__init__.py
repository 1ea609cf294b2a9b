"""docsvc: official documents filled, sealed, stored and logged."""
