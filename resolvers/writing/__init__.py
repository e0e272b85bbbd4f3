"""What mutations mean: each collects every finding first, and writes only when there is none."""
