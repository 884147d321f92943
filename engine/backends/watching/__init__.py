"""Where to look in a clip: the part that a question names, the shots, and the moments worth a picture.

Shared by every model that answers questions about clips. It knows no model, and nothing of how answers are made.
"""
