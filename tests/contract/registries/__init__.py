"""Every registry holds groups, services, relations and preferences in the same way."""
