"""What a browser and other HTTP clients see; the scripts need node and chromium."""
