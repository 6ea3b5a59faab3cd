"""Pictures as the bot sends them: with an AI mark, on contact sheets, as animations, within upload limits.

Every function here is synchronous and has no side effects, so call it in a thread.
"""
