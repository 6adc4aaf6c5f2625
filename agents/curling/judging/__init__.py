"""What shots and players are worth: prospects, canaries, agreement."""
