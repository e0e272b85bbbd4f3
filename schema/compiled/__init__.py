"""The fast executor: one plan for each operation, run level by level over lists of records."""
