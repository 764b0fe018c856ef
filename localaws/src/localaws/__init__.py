"""The embedded AWS for laptops and tests: MiniStack, made to tell the truth by small extensions of ours."""
