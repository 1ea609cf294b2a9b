"""The core: pure, no clock, no I/O."""
