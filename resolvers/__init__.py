"""What a field means, in plain functions over records. Knows neither GraphQL nor SQL."""
