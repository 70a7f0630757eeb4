"""The site: chapters executed, the book built from them, and the check that it is read offline."""
