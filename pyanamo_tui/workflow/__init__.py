"""What an item is and what may happen to it: pure, no I/O, no clock."""
