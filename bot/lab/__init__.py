"""Teaches and measures the reader of messages. The running bot imports none of it."""
