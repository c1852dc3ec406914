"""What others would build, or the least that can be built: the same work on the same tables, written fairly."""
