"""GraphQL's view: names, descriptions, nullability. No behaviour."""
