"""The local web chat: one page, an aiohttp server, and no logic of its own."""
