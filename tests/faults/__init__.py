"""Real servers behind a proxy that misbehaves: what the gateway promises while a source fails (R1 to R21)."""
