"""Checks of a file's content while it is streamed: pure functions over chunks of bytes, in constant memory."""
