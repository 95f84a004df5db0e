"""Read models of the pages: plain queries on the reading engine that return frozen dataclasses, without words.

Every function takes an open connection, so that one page sees one consistent state. Nothing here writes.
"""
