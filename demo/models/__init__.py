"""Models as the app knows them: ids, the list, the cache, what is done with one, and how one comes
and goes.
"""
