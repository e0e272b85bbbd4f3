"""The packages one by one."""
