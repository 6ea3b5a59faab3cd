"""What people say, as actions. Pure: text and the prompts of the adjustments in force in, actions out.

``text`` cleans, ``network`` marks clauses and words with a small trained network, and ``assemble`` makes
actions of them. ``reader`` is the way in.
"""
