"""Pictures as they leave the bot: marked, laid out side by side, animated, fitted into an upload limit.

Everything here is synchronous and pure, so call it in a thread.
"""
