"""The sheet as images, the score board, and games as replay pages."""
