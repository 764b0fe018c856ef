"""What is inside a file, judged while it streams by: pure functions over chunks of bytes, in constant memory."""
