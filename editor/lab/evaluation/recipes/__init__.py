"""Ways to a direction bank, held against the published one: how much they agree, and what they cost."""
