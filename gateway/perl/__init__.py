"""Reads the data in a Perl file such as OTOBO's `Kernel/Config.pm`; nothing of it is evaluated."""

from gateway.perl.statements import Finding, Reading, read

__all__ = ["Finding", "Reading", "read"]
