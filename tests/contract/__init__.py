"""One suite over every kind of store: whatever holds the people, the answers are the same."""
