"""What is built of the repository works where the repository is not."""
