"""What Kundengraph is measured against: a plain Strawberry server, the floor without GraphQL, and servers of Node."""
