"""What every model that answers questions needs: which frames it sees, and what it is told.

It knows no model library and no server: a backend turns the neutral messages into its own.
"""
