"""Private servers on free loopback ports. Standard library only, so that demo, tests and bench share them."""
