"""Which operations have code of their own: importing this fills the table."""
