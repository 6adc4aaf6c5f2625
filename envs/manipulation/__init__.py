"""A hand that reaches and pushes on a table, in MuJoCo."""
