"""A server's rules: who may use the bot, where, how often, and with which words. Knows no front end."""
