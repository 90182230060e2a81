"""The programs on Textual that frontdesk is measured beside: what it gives before any effort."""
