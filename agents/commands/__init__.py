"""One module a command of the command line: its flags, light to load, and its entry.

What a command does once its flags are parsed lies under the same name in `actions`.
"""
