"""What the pages of admins and moderators say: settings, quotas, safety, audit and cases, as text in any dialect.

Knows the neutral types; which controls stand beside the text, and where a page is shown, is each platform's own.
"""
